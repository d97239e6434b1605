import type { TLocalizedValidationError } from 'typebox/error';

/** One error in a value from outside. */
export interface WrongField {
  /** JSON pointer to the wrong field. */
  field: string;
  message: string;
}

/** Turns schema errors into messages for the sender, one per field. */
export function wrongFields(errors: TLocalizedValidationError[]): WrongField[] {
  const isUnion = errors.some(({ keyword }) => keyword === 'anyOf');
  return errors.flatMap(({ instancePath, keyword, message, params }) => {
    const { requiredProperties, allowedValues } = params as {
      requiredProperties?: string[];
      allowedValues?: unknown[];
    };
    if (requiredProperties) {
      return requiredProperties.map((name) => ({ field: `${instancePath}/${name}`, message: 'is required' }));
    }
    // The unknown property has an error of its own, which names it.
    if (keyword === 'additionalProperties') return [];
    if (keyword === 'boolean') return [{ field: instancePath, message: 'is not a known field' }];
    if (allowedValues) return [{ field: instancePath, message: `must be one of ${allowedValues.join(', ')}` }];
    if (isUnion && keyword === 'anyOf')
      return [{ field: instancePath || '/', message: 'matches none of the allowed forms' }];
    return [{ field: instancePath || '/', message }];
  });
}
