import { oneOf, type Query } from '../kit/query.ts';
import { badRequest } from './errors.ts';
import { UNVERIFIED } from './unverified.ts';

interface Page<T> {
  items: T[];
  pageNumber: number;
  pageSize: number;
  total: number;
}

/** @throws ApiError 400 if the page size or number is out of range */
export function pageOf<T>(all: readonly T[], query: Query, maxPageSize: number = UNVERIFIED.maxPageSize): Page<T> {
  const pageSize = wholeNumber(query, 'pageSize', 25, maxPageSize);
  const pageNumber = wholeNumber(query, 'pageNumber', 1, Number.MAX_SAFE_INTEGER);
  const from = (pageNumber - 1) * pageSize;
  return { items: all.slice(from, from + pageSize), pageNumber, pageSize, total: all.length };
}

function wholeNumber(query: Query, name: string, byDefault: number, max: number): number {
  const text = oneOf(query[name]);
  const value = text === undefined ? byDefault : Number(text);
  if (!Number.isSafeInteger(value) || value < 1 || value > max) {
    throw badRequest(`${name} must be a whole number from 1 to ${max}.`);
  }
  return value;
}

/** The listing of users, queues and skills, with a total. @param url path and query of the request */
export function pageBody(page: Page<unknown>, entities: object[], url: string): object {
  const pageCount = Math.max(1, Math.ceil(page.total / page.pageSize));
  return {
    ...memberPageBody(page, entities, url),
    total: page.total,
    pageCount,
    lastUri: pageUri(url, page, pageCount),
  };
}

/** The listing of a queue's members: without a total, so clients follow `nextUri` or stop at a short page. */
export function memberPageBody(page: Page<unknown>, entities: object[], url: string): object {
  const { pageNumber, pageSize, total } = page;
  const at = (number: number) => pageUri(url, page, number);
  return {
    entities,
    pageSize,
    pageNumber,
    firstUri: at(1),
    selfUri: at(pageNumber),
    nextUri: pageNumber * pageSize < total ? at(pageNumber + 1) : undefined,
    previousUri: pageNumber > 1 ? at(pageNumber - 1) : undefined,
  };
}

function pageUri(url: string, { pageSize }: Page<unknown>, pageNumber: number): string {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  searchParams.set('pageSize', String(pageSize));
  searchParams.set('pageNumber', String(pageNumber));
  return `${pathname}?${searchParams}`;
}
