import { annotationOf, partsOf, type Annotation } from './annotation.ts';
import { dedent, type Line } from './lines.ts';
import { isRequirementWord } from './words.ts';

/** `Requirements 1.2` as `1.2`: the word is said a second time in `**Validates: Requirements 1.2**`. */
const withoutWord = (requirement: string): string => {
  const match = /^(\p{L}{1,20}) ?(.*\d.*)$/u.exec(requirement);
  return match?.[2] !== undefined && isRequirementWord(match[1] ?? '') ? match[2] : requirement;
};

/** What stands below a box (or a heading with a number) and belongs to it. */
export class Details {
  readonly annotations: Annotation[] = [];
  readonly #indent: number;
  readonly #lines: Line[] = [];

  /** @param indent columns before the box */
  constructor(indent: number) {
    this.#indent = indent;
  }

  /** @param isProse false for code, where underscores mean nothing */
  add(line: Line, isProse: boolean): void {
    this.#lines.push(line);
    const annotation = isProse ? annotationOf(line.number, line.text) : null;
    if (annotation !== null) this.annotations.push(annotation);
  }

  /** As written, less the indentation that came from the box, and without blank lines around it. */
  get description(): string {
    const lines = this.#lines.map((line) => dedent(line.text, this.#indent + 2).trimEnd());
    while (lines.length > 0 && lines.at(-1) === '') lines.pop();
    const first = lines.findIndex((line) => line !== '');
    return lines.slice(Math.max(0, first)).join('\n');
  }

  /** Ids of requirements, as written. */
  get requirements(): readonly string[] {
    const texts = this.annotations.filter(({ kind }) => kind === 'requirements').map(({ text }) => text);
    return [...new Set(texts.flatMap(partsOf).map(withoutWord))];
  }

  /** Other annotations, by their word. */
  get references(): Readonly<Record<string, string>> {
    const others = this.annotations.filter(({ kind, emphasis }) => kind === 'reference' && emphasis === 'italic');
    return Object.fromEntries(others.map(({ word, text }) => [word, text]));
  }
}
