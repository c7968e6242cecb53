const PIECE = /\s*(?:(\d+(?:\.\d+)?)|([-+*/%^()]))/y;

/** Cuts `1 + 2*3` into numbers and texts; throws where something is neither number nor operator. */
export const tokensOf = (text) => {
  const source = text.trimEnd();
  const tokens = [];
  PIECE.lastIndex = 0;
  while (PIECE.lastIndex < source.length) {
    const at = PIECE.lastIndex;
    const match = PIECE.exec(source);
    if (match === null) throw new SyntaxError(`cannot read "${source.slice(at).trim()}"`);
    tokens.push(match[1] === undefined ? match[2] : Number(match[1]));
  }
  return tokens;
};
