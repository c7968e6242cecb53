import { CORE_SCHEMA, defineMappingTag, type Schema } from 'js-yaml';
import { quoted } from './input-error.ts';

/** A key that a plain object would take for its prototype; nobody needs it. */
const FORBIDDEN_KEY = '__proto__';

const badKey = (key: unknown): string => {
  if (typeof key === 'object' && key !== null) return 'a key is a list or a mapping; expected plain text as a key';
  return `the key ${String(key)} reads as ${key === null ? 'nothing' : `a ${typeof key}`}; write it in quotes`;
};

/** Mappings become objects whose keys were text in the source: a key 1.10 would silently become 1.1. */
const textKeyedMap = defineMappingTag<Record<string, unknown>>('tag:yaml.org,2002:map', {
  create: () => ({}),
  identify: () => false,
  // Duplicates are refused in addPair, which can name the key.
  has: () => false,
  keys: (map) => Object.keys(map),
  get: (map, key) => map[String(key)],
  addPair: (map, key, value) => {
    if (typeof key !== 'string') return badKey(key);
    if (key === FORBIDDEN_KEY) return `the key ${quoted(key)} is not accepted; give it another name`;
    if (Object.hasOwn(map, key)) return `the key ${quoted(key)} is there twice; keep one of them`;
    map[key] = value;
    return '';
  },
});

/** YAML 1.2's core schema: no dates, no `<<`, `yes` and `no` are words; JSON is a part of it. */
export const DOCUMENT_SCHEMA: Schema = CORE_SCHEMA.withTags(textKeyedMap);
