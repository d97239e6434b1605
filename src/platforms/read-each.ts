/** Reads each row. A row that throws is passed to `passOver` and does not affect the others. */
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
