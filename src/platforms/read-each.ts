/** What is made of each row; one that nobody can make sense of is passed over, and costs the others nothing. */
export function readEach<Row, Read>(
  rows: readonly Row[],
  read: (row: Row) => Read,
  passOver: (row: Row, error: unknown) => void,
): Read[] {
  return rows.flatMap((row) => {
    try {
      return [read(row)];
    } catch (error) {
      passOver(row, error);
      return [];
    }
  });
}
