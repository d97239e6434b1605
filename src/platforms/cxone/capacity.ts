import type { Capacity, Media } from '../../agent/facets.ts';
import { canonical } from './mapping.ts';
import type { Row } from './row.ts';

/** Which thresholds of an agent count for which media types. Voice and voicemail are one together, whatever is set. */
const THRESHOLDS: { fields: string[]; media: Media[]; most?: number }[] = [
  { fields: ['voiceThreshold'], media: ['voice', 'voicemail'], most: 1 },
  { fields: ['chatThreshold'], media: ['chat'] },
  { fields: ['emailThreshold'], media: ['email'] },
  { fields: ['workItemThreshold'], media: ['work_item'] },
  { fields: ['digitalThreshold', 'smsThreshold'], media: ['message'] },
];
const ALL: Media[] = THRESHOLDS.flatMap(({ media }) => media);

/**
 * What an agent with omnichannel delivery may carry at a time: of each media type its threshold, beside all others but
 * those it shares the threshold with, and all together the total. Undefined for an agent who gets one contact at a time,
 * or of whom nothing is said.
 */
export function capacityOf(agent: Row): Capacity | undefined {
  if (canonical(agent.text('deliveryMode')) !== 'OMNICHANNEL') return undefined;
  const media: Capacity['media'] = {};
  for (const { fields, media: types, most } of THRESHOLDS) {
    const units = Math.max(...fields.map((field) => agent.number(field) ?? 0));
    const beside = ALL.filter((one) => !types.includes(one));
    for (const type of types) if (units > 0) media[type] = { units: Math.min(units, most ?? units), beside };
  }
  const total = agent.number('totalContactCount');
  if (Object.keys(media).length === 0) return undefined;
  return { media, ...(total !== undefined && total > 0 && { total }) };
}
