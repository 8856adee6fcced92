import { expect, it } from 'vitest';
import { chained, entryHash } from './hash-chain.js';

const FIRST = {
  run_id: 'run-1',
  step_id: 's1',
  node_id: 'n1',
  input_task: 'hello',
  output_content: 'world',
  verdict: 'commit',
  blocked: false,
  timestamp: '2026-01-01T00:00:00+00:00',
};
const SECOND = {
  ...FIRST,
  step_id: 's2',
  node_id: 'n2',
  input_task: 'café 🚀',
  output_content: '—§',
  verdict: 'escalate',
  blocked: true,
  timestamp: '2026-01-01T00:00:01+00:00',
};

it('hashes and links records as the original does', () => {
  expect(chained([FIRST, SECOND]).map(({ prev_hash, entry_hash }) => [prev_hash, entry_hash])).toEqual([
    ['', 'ae6f67ff585af0675ea6d67f832de396559307a1264ee3c535deb67736f92dc1'],
    [
      'ae6f67ff585af0675ea6d67f832de396559307a1264ee3c535deb67736f92dc1',
      '36a90f265a1a7e9f1b24fb052ef7b6a415e999e28da63bc5a8c75a07c563dd86',
    ],
  ]);
});

it('looks at the first 200 characters of texts, where a rocket is one', () => {
  const hash = (output_content: string): string => entryHash({ ...FIRST, output_content, prev_hash: '' });
  expect(hash('🚀'.repeat(201))).toBe(hash('🚀'.repeat(200)));
  expect(hash('🚀'.repeat(200))).not.toBe(hash('🚀'.repeat(199)));
});
