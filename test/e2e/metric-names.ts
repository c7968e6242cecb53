import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from './project.ts';

/** Names of the families in a scrape. */
export const familiesOf = (scrape: string): readonly string[] =>
  [...scrape.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name ?? '');

const namesIn = (text: string): readonly string[] => [
  ...new Set([...text.matchAll(/\b(?:dispatcher|process)_[a-z_]+\b/g)].map(([name]) => name.replace(/_(?:bucket|sum|count)$/, ''))),
];

/** Every metric that an expression of the dashboard names. */
export const dashboardMetrics = (): readonly string[] => {
  const text = readFileSync(join(repositoryRoot, 'config/grafana/dispatcher.json'), 'utf8');
  const { panels } = JSON.parse(text) as { readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[] };
  return namesIn(panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)).join('\n'));
};

/** Every metric that an alert's expression names. */
export const alertMetrics = (): readonly string[] => {
  const text = readFileSync(join(repositoryRoot, 'config/prometheus/alerts.yaml'), 'utf8');
  return namesIn([...text.matchAll(/expr: ([\s\S]*?)\n {8}(?:for|labels):/g)].map(([, expression]) => expression).join('\n'));
};
