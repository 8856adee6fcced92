import { describe, expect, it } from 'vitest';
import { toolName } from '../../sources/tool-names.js';
import { isAllowed, segmentsOf } from '../files/file-path.js';
import { pageText } from '../web/page-text.js';
import { timeIn } from './datetime-now.tool.js';
import { extractiveSummary } from './summary.js';

const MOMENT = new Date('2030-07-01T22:30:05.120Z');

describe('the time in a zone', () => {
  it.each([
    ['UTC', '2030-07-01T22:30:05.120+00:00', 'UTC'],
    ['US/Eastern', '2030-07-01T18:30:05.120-04:00', 'US/Eastern'],
    ['Asia/Kathmandu', '2030-07-02T04:15:05.120+05:45', 'Asia/Kathmandu'],
    ['Nowhere/At_All', '2030-07-01T22:30:05.120+00:00', 'UTC'],
  ])('%s is %s', (zone, datetime, timezone) => {
    expect(timeIn(zone, MOMENT)).toEqual({ datetime, timezone, unix_timestamp: 1909175405.12 });
  });
});

describe('a summary', () => {
  const TEXT = 'Looms weave cloth. A heddle of a loom lifts threads, and threads of looms become cloth. The cat sleeps. Is it late?';

  it.each([
    [100, TEXT],
    [15, 'A heddle of a loom lifts threads, and threads of looms become cloth.'],
    [3, 'Looms weave cloth.'],
    [2, 'A heddle…'],
  ])('of %i words', (words, summary) => {
    expect(extractiveSummary(TEXT, words)).toBe(summary);
  });

  it('of nothing is nothing', () => {
    expect(extractiveSummary('', 10)).toBe('');
  });
});

describe('the text of a page', () => {
  it.each([
    ['<title> A\n b </title><p>x<p>y', { title: 'A b', text: 'x\ny' }],
    ['<ul><li>1<li>2</ul> &amp; <b>3</b>', { title: '', text: '1\n2\n& 3' }],
    ['a<script>b</script><style>c</style><noscript>d</noscript>e', { title: '', text: 'ae' }],
    ['no markup < at all', { title: '', text: 'no markup < at all' }],
  ])('%s', (html, read) => {
    expect(pageText(html)).toEqual(read);
  });
});

describe('paths of files', () => {
  it('begin at the directory of the tenant', () => {
    expect(segmentsOf('//a/b c/ü.txt')).toEqual(['a', 'b c', 'ü.txt']);
  });

  it.each(['', '/', '..', 'a/..', 'a//b', './a', 'a\\b', 'a\u0000', 'a\nb', '.heddle-x', 'x'.repeat(201), 'a/'.repeat(21) + 'a'])(
    'are not %j',
    (path) => {
      expect(() => segmentsOf(path)).toThrow(/the path/);
    },
  );

  it.each<[string[], boolean]>([
    [[], true],
    [['docs'], true],
    [['/docs/'], true],
    [['docs/a.txt'], true],
    [['doc'], false],
    [['docs/a'], false],
    [['/'], true],
  ])('of %j', (allowed, expected) => {
    expect(isAllowed(['docs', 'a.txt'], allowed)).toBe(expected);
  });
});

describe('names of tools', () => {
  it('hold what names may hold, and are never too long nor the same', () => {
    expect(toolName('workflow', 'shop/price of')).toBe('workflow_shop-price-of');
    const [a, b] = [toolName('x', `${'a'.repeat(80)}1`), toolName('x', `${'a'.repeat(80)}2`)];
    expect(a).toMatch(/^x_a{53}_[0-9a-f]{8}$/);
    expect(a).not.toBe(b);
  });
});
