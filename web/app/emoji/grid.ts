// Where emoji stand in the grid, and where a key leads from one.

export interface Cell {
  text: string;
  label: string;
  title: string;
  /** The image of one of the server's own. */
  src?: string;
}

export interface Section {
  title: string;
  cells: readonly Cell[];
}

export interface Row {
  /** Its place among all rows. */
  row: number;
  cells: readonly Cell[];
}

export interface Place {
  row: number;
  column: number;
}

/** Sections with their cells in rows. */
export function placed(sections: readonly Section[], columns: number): (Section & { rows: Row[] })[] {
  let row = 0;
  return sections.map((section) => {
    const rows: Row[] = [];
    for (let i = 0; i < section.cells.length; i += columns) rows.push({ row: row++, cells: section.cells.slice(i, i + columns) });
    return { ...section, rows };
  });
}

const PAGE = 5; // rows

/** Where a key leads in the grid: "out" is above it, where one searches. Nothing if the key leads nowhere. `isTurned`: rows begin on the right. */
export function stepped(
  { key, ctrlKey }: Pick<KeyboardEvent, "key" | "ctrlKey">,
  { row, column }: Place,
  rows: readonly Row[],
  isTurned = false,
): Place | "out" | undefined {
  const count = rows[row]?.cells.length ?? 0;
  const to = (other: number, at = column): Place => {
    const found = Math.max(0, Math.min(rows.length - 1, other));
    return { row: found, column: Math.max(0, Math.min(at, (rows[found]?.cells.length ?? 1) - 1)) };
  };
  switch (key) {
    case "ArrowUp":
      return row === 0 ? "out" : to(row - 1);
    case "ArrowDown":
      return to(row + 1);
    case isTurned ? "ArrowRight" : "ArrowLeft":
      return column > 0 ? to(row, column - 1) : row > 0 ? to(row - 1, Infinity) : undefined;
    case isTurned ? "ArrowLeft" : "ArrowRight":
      return column + 1 < count ? to(row, column + 1) : row + 1 < rows.length ? to(row + 1, 0) : undefined;
    case "PageUp":
      return to(row - PAGE);
    case "PageDown":
      return to(row + PAGE);
    case "Home":
      return to(ctrlKey ? 0 : row, 0);
    case "End":
      return to(ctrlKey ? rows.length - 1 : row, Infinity);
    default:
      return undefined;
  }
}
