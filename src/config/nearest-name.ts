/**
 * Edits (insert, delete, replace, swap of neighbours) between two words, or `limit + 1` when there
 * are more than `limit`.
 * @see Damerau, "A technique for computer detection and correction of spelling errors", 1964
 */
const editDistance = (a: string, b: string, limit: number): number => {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(best);
    }
    if (Math.min(...row) > limit) return limit + 1;
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? limit + 1;
};

/** The known name that a mistyped one was most likely meant to be; `null` when none is near. */
export const nearestName = (typed: string, known: Iterable<string>): string | null => {
  if (typed.length > 200) return null;
  const wanted = typed.toLowerCase();
  let nearest: string | null = null;
  // Not so many edits that nothing of the word would be left.
  let limit = Math.min(Math.max(2, Math.floor(typed.length / 3)), typed.length - 1);
  for (const name of known) {
    const distance = editDistance(wanted, name.toLowerCase(), limit);
    if (distance > limit) continue;
    nearest = name;
    limit = distance - 1;
    if (limit < 0) break;
  }
  return nearest;
};
