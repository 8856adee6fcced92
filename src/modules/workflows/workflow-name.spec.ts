import { expect, it } from 'vitest';
import { formatWorkflowName, MAX_NAMESPACE_LENGTH, parseWorkflowName } from './workflow-name.js';

it.each<[string, string, string]>([
  ['a', 'default', 'a'],
  ['a/b', 'a', 'b'],
  ['ops/backup/daily', 'ops/backup', 'daily'],
  ['1/2/3/4/5', '1/2/3/4', '5'],
])('%s is %s and %s', (text, namespace, name) => {
  expect(parseWorkflowName(text)).toEqual({ namespace, name });
  expect(parseWorkflowName(formatWorkflowName({ namespace, name }))).toEqual({ namespace, name });
});

it.each(['', '/a', 'a/', 'a//b', '../a', 'a/../b', 'a/b/c/d/e/f', 'a b', '.a'])('%j is no name', (text) => {
  expect(parseWorkflowName(text)).toBeNull();
});

it('knows how long a namespace can be', () => {
  const level = 'x'.repeat(64);
  const namespace = [level, level, level, level].join('/');
  expect(namespace).toHaveLength(MAX_NAMESPACE_LENGTH);
  expect(parseWorkflowName(`${namespace}/a`)).not.toBeNull();
});
