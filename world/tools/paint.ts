import { styleText } from 'node:util';

type Style = 'dim' | 'bold' | 'green' | 'yellow' | 'red';
/** Colours text, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string;

export const plain: Paint = (_style, text) => text;
export const coloured: Paint = (style, text) => styleText(style, text, { validateStream: false });
