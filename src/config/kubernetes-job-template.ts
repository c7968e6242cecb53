import { err, ok, type Result } from '../domain/result.ts';
import type { Complaint, Finding } from './finding.ts';
import { locateFindings } from './finding.ts';
import type { InputError } from './input-error.ts';
import { readTextFile } from './text-file.ts';
import { parseYamlDocument } from './yaml-document.ts';

type Fields = Readonly<Record<string, unknown>>;
type Path = readonly (string | number)[];

const MAX_BYTES = 2 ** 20;
const CONTAINER = 'runner';

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

const at = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>((inner, key) => {
    if (Array.isArray(inner) && typeof key === 'number') return inner[key] as unknown;
    return isFields(inner) ? inner[String(key)] : undefined;
  }, value);

const POD: Path = ['spec', 'template', 'spec'];

/** Fields that the dispatcher sets itself, because its promises hang on them. */
const RESERVED: readonly (readonly [Path, string])[] = [
  [['metadata', 'name'], 'the name comes from the attempt'],
  [['metadata', 'generateName'], 'the name comes from the attempt'],
  [['metadata', 'namespace'], 'the namespace is config.namespace of the pool'],
  [['spec', 'backoffLimit'], 'retries are the dispatcher’s'],
  [['spec', 'completions'], 'a Job is one attempt'],
  [['spec', 'parallelism'], 'a Job is one attempt'],
  [['spec', 'selector'], 'the labels are the dispatcher’s'],
  [['spec', 'manualSelector'], 'the labels are the dispatcher’s'],
  [['spec', 'suspend'], 'what is started is to run'],
  [['spec', 'activeDeadlineSeconds'], 'the time limit is that of task and pool'],
  [['spec', 'ttlSecondsAfterFinished'], 'a Job stays until its outcome is stored'],
  [[...POD, 'restartPolicy'], 'retries are the dispatcher’s'],
  [[...POD, 'activeDeadlineSeconds'], 'the time limit is that of task and pool'],
];
const RESERVED_IN_CONTAINER: readonly (readonly [string, string])[] = [
  ['command', 'it is that of task and pool'],
  ['args', 'it is that of task and pool'],
  ['terminationMessagePath', 'results come back by it'],
  ['terminationMessagePolicy', 'results come back by it'],
];

const MAPPINGS: readonly Path[] = [['metadata'], ['spec'], ['spec', 'template'], ['spec', 'template', 'metadata'], POD];

const finding = (path: Path, complaint: Complaint): Finding => ({ path: [...path], complaint });

const named = (list: unknown, path: Path): readonly Finding[] => {
  if (list === undefined) return [];
  if (!Array.isArray(list)) return [finding(path, { kind: 'expected', what: 'a list' })];
  return list.flatMap((item: unknown, i) =>
    isFields(item) && typeof item['name'] === 'string'
      ? []
      : [finding([...path, i, 'name'], { kind: 'expected', what: `a name, by which it is merged (the command's container is "${CONTAINER}")` })],
  );
};

const findings = (template: unknown): readonly Finding[] => {
  if (!isFields(template)) return [finding([], { kind: 'said', message: 'expected a Job: a mapping with apiVersion, kind and spec' })];
  const found: Finding[] = [];
  for (const [key, value] of [['apiVersion', 'batch/v1'], ['kind', 'Job']] as const) {
    if (template[key] !== value) found.push(finding([key], { kind: 'expected', what: value }));
  }
  const known = ['apiVersion', 'kind', 'metadata', 'spec'];
  for (const key of Object.keys(template)) if (!known.includes(key)) found.push(finding([key], { kind: 'unknownKey', known }));
  for (const path of MAPPINGS) {
    const value = at(template, path);
    if (value !== undefined && !isFields(value)) found.push(finding(path, { kind: 'expected', what: 'a mapping' }));
  }
  for (const [path, why] of RESERVED) {
    if (at(template, path) !== undefined) found.push(finding(path, { kind: 'said', message: `is set by the dispatcher (${why}); take it out` }));
  }
  for (const list of ['containers', 'initContainers', 'volumes']) found.push(...named(at(template, [...POD, list]), [...POD, list]));
  const containers = at(template, [...POD, 'containers']);
  for (const [i, container] of (Array.isArray(containers) ? containers : []).entries()) {
    if (!isFields(container) || container['name'] !== CONTAINER) continue;
    for (const [key, why] of RESERVED_IN_CONTAINER) {
      if (container[key] === undefined) continue;
      found.push(finding([...POD, 'containers', i, key], { kind: 'said', message: `is set by the dispatcher (${why}); take it out` }));
    }
  }
  return found;
};

/** Reads the Job that a pool's `job_template` names; what is wrong in it comes with its place there. */
export const readJobTemplate = (path: string): Result<Fields, readonly InputError[]> => {
  const content = readTextFile(path, MAX_BYTES, 'YAML');
  if (!content.ok) return err([content.error]);
  const document = parseYamlDocument(content.value, path);
  if (!document.ok) return err([document.error]);
  const { value } = document.value;
  const wrong = findings(value);
  if (wrong.length > 0) return err(locateFindings(document.value, wrong));
  return ok(isFields(value) ? value : {});
};

/** Whether the template names the image of the command's container. */
export const namesImage = (template: Fields): boolean => {
  const containers = at(template, [...POD, 'containers']);
  return Array.isArray(containers) && containers.some((one) => isFields(one) && one['name'] === CONTAINER && typeof one['image'] === 'string');
};
