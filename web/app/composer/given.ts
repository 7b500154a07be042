// What a clipboard gives: the files in it.

/** The files in the clipboard, unless they only show what stands beside them as text, as spreadsheets do. */
export function pasted(data: DataTransfer | null): File[] {
  const types = data?.types ?? [];
  return types.includes("text/plain") && types.includes("text/html") ? [] : [...(data?.files ?? [])];
}
