import { describe, expect, it } from 'vitest';
import { cronFault, nextCronTime, planFires } from './cron-schedule.js';

const at = (text: string): number => Date.parse(text);
const times = (expression: string, timezone: string, from: string, count: number): string[] => {
  const found: string[] = [];
  for (let time = nextCronTime({ expression, timezone }, at(from)); time !== null && found.length < count;) {
    found.push(new Date(time).toISOString().replace(':00.000Z', 'Z'));
    time = nextCronTime({ expression, timezone }, time);
  }
  return found;
};

describe('a cron expression', () => {
  it.each([
    [
      'a fixed time in a gap fires right after it',
      '30 2 * * *',
      'Europe/Berlin',
      '2026-03-28T12:00Z',
      ['2026-03-29T01:00Z', '2026-03-30T00:30Z'],
    ],
    [
      '… of a list too',
      '30 2,14 * * *',
      'Europe/Berlin',
      '2026-03-28T13:00Z',
      ['2026-03-28T13:30Z', '2026-03-29T01:00Z', '2026-03-29T12:30Z'],
    ],
    ['a repeated fixed time fires once', '30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00Z', ['2026-10-25T00:30Z', '2026-10-26T01:30Z']],
    [
      'intervals skip the gap',
      '*/30 * * * *',
      'Europe/Berlin',
      '2026-03-29T00:00Z',
      ['2026-03-29T00:30Z', '2026-03-29T01:00Z', '2026-03-29T01:30Z'],
    ],
    [
      'intervals fire in both repeated hours',
      '30 * * * *',
      'Europe/Berlin',
      '2026-10-24T23:45Z',
      ['2026-10-25T00:30Z', '2026-10-25T01:30Z', '2026-10-25T02:30Z'],
    ],
    ['spring in New York', '30 2 * * *', 'America/New_York', '2026-03-07T12:00Z', ['2026-03-08T07:00Z', '2026-03-09T06:30Z']],
    ['autumn in New York', '30 1 * * *', 'America/New_York', '2026-10-31T12:00Z', ['2026-11-01T05:30Z', '2026-11-02T06:30Z']],
    ['a midnight that does not exist', '0 0 * * *', 'America/Sao_Paulo', '2018-11-03T12:00Z', ['2018-11-04T03:00Z', '2018-11-05T02:00Z']],
    [
      'half an hour of daylight saving',
      '15 2 * * *',
      'Australia/Lord_Howe',
      '2026-10-03T00:00Z',
      ['2026-10-03T15:30Z', '2026-10-04T15:15Z'],
    ],
    ['leap days', '0 12 29 2 *', 'UTC', '2026-01-01T00:00Z', ['2028-02-29T12:00Z', '2032-02-29T12:00Z']],
    ['the last day of a month', '0 0 L * *', 'UTC', '2026-02-01T00:00Z', ['2026-02-28T00:00Z', '2026-03-31T00:00Z']],
    ['names of days', '0 9 * * MON-FRI', 'UTC', '2026-11-20T10:00Z', ['2026-11-23T09:00Z', '2026-11-24T09:00Z']],
    ['a nickname', '@daily', 'Asia/Kolkata', '2026-11-20T00:00Z', ['2026-11-20T18:30Z', '2026-11-21T18:30Z']],
  ])('%s', (_, expression, timezone, from, expected) => {
    expect(times(expression, timezone, from.replace('Z', ':00Z'), expected.length)).toEqual(expected);
  });

  it('may have seconds', () => {
    expect(nextCronTime({ expression: '*/15 * * * * *', timezone: 'UTC' }, at('2026-01-01T00:00:14.999Z'))).toBe(
      at('2026-01-01T00:00:15Z'),
    );
    expect(nextCronTime({ expression: '*/15 * * * * *', timezone: 'UTC' }, at('2026-01-01T00:00:15Z'))).toBe(at('2026-01-01T00:00:30Z'));
  });

  it.each([
    ['0 3 * * *', 'Europe/Berlin', null],
    ['*/5 * * * * *', 'UTC', null],
    ['0 3 * * *', 'Europe/Bärlin', 'unknown_timezone'],
    ['0 3 * * *', '+02:00', 'unknown_timezone'],
    ['0 3 * *', 'UTC', 'bad_cron'],
    ['0 0 3 * * * 2030', 'UTC', 'bad_cron'],
    ['61 * * * *', 'UTC', 'bad_cron'],
    ['*/0 * * * *', 'UTC', 'bad_cron'],
    ['2026-01-01T00:00:00', 'UTC', 'bad_cron'],
    ['', 'UTC', 'bad_cron'],
    ['@reboot', 'UTC', 'bad_cron'],
    ['0 0 30 2 *', 'UTC', 'never_fires'],
  ])('%s in %s: %s', (expression, timezone, code) => {
    expect(cronFault({ expression, timezone }, at('2026-11-22T00:00:00Z'))?.code ?? null).toBe(code);
  });
});

describe('what fires now', () => {
  const plan = (expression: string, dueAt: string, now: string, catchUpMs = 0, limit = 100) => {
    const { fires, next } = planFires({ expression, timezone: 'UTC', dueAt: at(dueAt), now: at(now), catchUpMs, limit });
    return {
      fires: fires.map((time) => new Date(time).toISOString().slice(11, 19)),
      next: next === null ? null : new Date(next).toISOString().slice(11, 19),
    };
  };

  it.each([
    ['just due', '* * * * *', '2026-01-01T10:00:00Z', '2026-01-01T10:00:00.040Z', 0, ['10:00:00'], '10:01:00'],
    ['within the grace', '* * * * *', '2026-01-01T10:00:00Z', '2026-01-01T10:00:09Z', 0, ['10:00:00'], '10:01:00'],
    ['missed', '* * * * *', '2026-01-01T10:00:00Z', '2026-01-01T10:00:11Z', 0, [], '10:01:00'],
    ['missed, but wanted', '* * * * *', '2026-01-01T10:00:00Z', '2026-01-01T10:00:11Z', 60_000, ['10:00:00'], '10:01:00'],
    ['of several missed the latest', '* * * * * *', '2026-01-01T10:00:00Z', '2026-01-01T10:00:05.5Z', 0, ['10:00:05'], '10:00:06'],
    [
      'of several missed those in the window',
      '* * * * * *',
      '2026-01-01T10:00:00Z',
      '2026-01-01T10:00:05.5Z',
      2_000,
      ['10:00:04', '10:00:05'],
      '10:00:06',
    ],
    ['after a long time nothing of it', '0 * * * *', '2020-01-01T00:00:00Z', '2026-01-01T10:30:00Z', 0, [], '11:00:00'],
    [
      'after a long time what is in the window',
      '0 * * * *',
      '2020-01-01T00:00:00Z',
      '2026-01-01T10:30:00Z',
      7_200_000,
      ['09:00:00', '10:00:00'],
      '11:00:00',
    ],
  ])('%s', (_, expression, dueAt, now, catchUpMs, fires, next) => {
    expect(plan(expression, dueAt, now, catchUpMs)).toEqual({ fires, next });
  });

  it('comes in portions', () => {
    expect(plan('* * * * * *', '2026-01-01T10:00:00Z', '2026-01-01T10:00:05Z', 60_000, 2)).toEqual({
      fires: ['10:00:00', '10:00:01'],
      next: '10:00:02',
    });
  });
});
