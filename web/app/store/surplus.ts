// Which of many are to go, so that there are not too many in all.

/** Those without which there are at most so many: the first ones go first. `sizes` says how many each has. */
export function surplus(sizes: Iterable<readonly [string, number]>, most: number): string[] {
  const all = [...sizes].filter(([, size]) => size > 0);
  let sum = all.reduce((before, [, size]) => before + size, 0);
  return all.flatMap(([name, size]) => {
    if (sum <= most) return [];
    sum -= size;
    return [name];
  });
}
