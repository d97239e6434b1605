/**
 * What comes of each of these, in their order, with so many under way at a time. The first failure ends it; whatever is
 * under way then is not heard of any more.
 */
export async function* inOrder<Item, Result>(
  items: Iterable<Item>,
  atOnce: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const underWay: Promise<Result>[] = [];
  const begin = (item: Item): void => {
    const result = work(item);
    result.catch(() => {}); // heard of in its turn, if that comes
    underWay.push(result);
  };
  for (const item of items) {
    if (underWay.length >= atOnce) yield (await underWay.shift()) as Result;
    begin(item);
  }
  for (const result of underWay) yield await result;
}
