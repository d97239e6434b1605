import type { TLocalizedValidationError } from 'typebox/error';

/** One thing that is wrong with a value that came from outside. */
export interface WrongField {
  /** JSON pointer to what is wrong. */
  field: string;
  message: string;
}

/** What is wrong with a value, field by field, in words for whoever sent it. */
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
    // The error of the unknown property itself says more than that its parent has one too many.
    if (keyword === 'additionalProperties') return [];
    if (keyword === 'boolean') return [{ field: instancePath, message: 'is not a known field' }];
    if (allowedValues) return [{ field: instancePath, message: `must be one of ${allowedValues.join(', ')}` }];
    if (isUnion && keyword === 'anyOf')
      return [{ field: instancePath || '/', message: 'has none of the forms it may have' }];
    return [{ field: instancePath || '/', message }];
  });
}
