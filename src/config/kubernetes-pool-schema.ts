import { INSIDE } from '../domain/engine-paths.ts';
import { err, ok } from '../domain/result.ts';
import { field, flag, listOf, mapOf, number, oneOf, orText, positiveDuration, record, text, type Kind } from './field.ts';
import { CarriedComplaint, COMPLAINT, type Complaint } from './finding.ts';
import { quoted } from './input-error.ts';

const matching =
  (pattern: RegExp, what: string): Kind<string> =>
  (value) =>
    typeof value === 'string' && pattern.test(value) ? ok(value) : err({ kind: 'expected', what });

/** RFC 1123, as Kubernetes has it for the names of most objects. */
const DNS_NAME = /^(?=.{1,253}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
const objectName = (noun: string): Kind<string> =>
  matching(DNS_NAME, `the name of ${noun}: small letters, digits, "-" and "."`);

const LABEL_KEY = /^(?:(?=.{1,253}\/)[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?\/)?(?=.{1,63}$)[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const LABEL_VALUE = /^(?=.{0,63}$)(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/;
const VARIABLE = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/;

const nonEmpty =
  (what: string): Kind<string> =>
  (value) =>
    value === '' ? err({ kind: 'expected', what }) : text(what)(value);

/** A mapping whose keys have to look like something, too. */
const keyed = <T>(value: Kind<T>, what: string, complaintOf: (key: string) => Complaint | null) =>
  mapOf(field(value), what).superRefine((named, context) => {
    for (const key of Object.keys(named)) {
      const complaint = complaintOf(key);
      if (complaint === null) continue;
      context.addIssue({ code: 'custom', path: [key], params: { [COMPLAINT]: new CarriedComplaint(complaint) } });
    }
  });

const said = (message: string): Complaint => ({ kind: 'said', message });

const labels = (what: string) =>
  keyed(matching(LABEL_VALUE, 'the value of a label: at most 63 letters, digits, "-", "_" and "."'), what, (key) => {
    if (key.startsWith('dispatcher.')) return said(`${quoted(key)} is the dispatcher's own; choose another key`);
    return LABEL_KEY.test(key) ? null : said(`${quoted(key)} is no key of a label; write one such as "team" or "example.com/team"`);
  });

const secretKey: Kind<{ readonly secret: string; readonly key: string }> = (value) => {
  const [secret = '', key = '', ...rest] = typeof value === 'string' ? value.split('/') : [];
  const fine = DNS_NAME.test(secret) && /^[-._a-zA-Z0-9]+$/.test(key) && rest.length === 0;
  return fine ? ok({ secret, key }) : err({ kind: 'expected', what: 'a Secret and a key in it; write "SECRET/KEY"' });
};

const RESERVED: readonly string[] = [INSIDE.slot, INSIDE.runDir];

const secretPath = (path: string): Complaint | null => {
  if (!path.startsWith('/') || path === '/') return said(`${quoted(path)} is no absolute path of a folder; write one such as "/run/secrets/api"`);
  const taken = RESERVED.find((reserved) => path === reserved || path.startsWith(`${reserved}/`));
  return taken === undefined ? null : said(`${taken} is the dispatcher's own; choose another path`);
};

const toleration = record(
  {
    key: field(matching(LABEL_KEY, 'the key of a taint')).nullish(),
    operator: field(oneOf(['Equal', 'Exists'])).nullish(),
    value: field(text('text')).nullish(),
    effect: field(oneOf(['NoSchedule', 'PreferNoSchedule', 'NoExecute'])).nullish(),
    toleration_seconds: field(orText(number({ min: 0, whole: true }))).nullish(),
  },
  'a toleration: a mapping with key, operator, value and effect',
);

const workspace = record({
  claim: field(objectName('a PersistentVolumeClaim')).nullish(),
  clone: record({
    remote: field(nonEmpty('the URL of a repository')),
    base: field(nonEmpty('a branch, a tag or a commit')).nullish(),
    secret: field(objectName('a Secret')).nullish(),
    image: field(nonEmpty('the name of an image')).nullish(),
  }).nullish(),
});

/** What only kubernetes pools have, under `config`. */
export const kubernetesKeys = {
  kubeconfig: field(nonEmpty('the path of a kubeconfig')).nullish(),
  context: field(nonEmpty('a context of the kubeconfig')).nullish(),
  namespace: field(objectName('a namespace')).nullish(),
  job_template: field(nonEmpty('the path of a template file')).nullish(),
  shell: field(orText(flag)).nullish(),
  service_account: field(objectName('a service account')).nullish(),
  image_pull_secrets: listOf(field(objectName('a Secret')), 'a list of names of Secrets').nullish(),
  node_selector: labels('a mapping from labels of nodes to their values').nullish(),
  tolerations: listOf(toleration, 'a list of tolerations').nullish(),
  labels: labels('a mapping from labels to their values').nullish(),
  annotations: mapOf(field(text()), 'a mapping from annotations to their texts').nullish(),
  secret_env: keyed(secretKey, 'a mapping from variables to "SECRET/KEY"', (name) =>
    VARIABLE.test(name) ? null : said(`${quoted(name)} is no name of a variable; write one such as "API_TOKEN"`),
  ).nullish(),
  secret_files: keyed(objectName('a Secret'), 'a mapping from folders to names of Secrets', secretPath).nullish(),
  workspace: workspace.nullish(),
  schedule_timeout: field(positiveDuration).nullish(),
} as const;
