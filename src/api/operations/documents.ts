import { Type } from 'typebox';
import type { Operation } from './operation.ts';

export const documentOperations = {
  getOpenapi: {
    method: 'GET',
    path: '/openapi.json',
    tag: 'Document',
    access: 'open',
    summary: 'This document, for programs',
    repeatable: 'it changes nothing.',
    answers: { 200: { description: 'OpenAPI 3.1.', schema: Type.Object({ openapi: Type.Literal('3.1.0') }) } },
    problems: [],
  },
  getPage: {
    method: 'GET',
    path: '/docs',
    tag: 'Document',
    access: 'open',
    summary: 'This document, for people',
    repeatable: 'it changes nothing.',
    answers: { 200: { description: 'A page.', schema: Type.String(), type: 'text/html' } },
    problems: [],
  },
} as const satisfies Record<string, Operation>;
