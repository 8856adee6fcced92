import type { JsonObject } from '../../engine/index.js';
import { objectOf } from '../nodes/index.js';

export const DEFAULT_TIMEOUT_MS = 3_600_000;
export const DEFAULT_KILL_AFTER_MS = 3_000;
export const DEFAULT_MAX_OUTPUT_CHARS = 262_144;

const SCALAR = ['string', 'number', 'boolean'];

export const SHELL_EXEC_CONFIG: JsonObject = {
  ...objectOf({
    command: {
      type: 'string',
      minLength: 1,
      maxLength: 4_096,
      description:
        'A program, executed directly with `args`: found in PATH, or a path from `workdir` when it has a slash. Not a shell line.',
    },
    script: {
      type: 'string',
      minLength: 1,
      maxLength: 1_048_576,
      description: 'A script for `/bin/sh`, or for the interpreter that its `#!` line names. `args` are its `$1` and so on.',
    },
    args: {
      type: 'array',
      items: { type: SCALAR },
      maxItems: 10_000,
      default: [],
      description: 'Arguments. No secrets: others can read them.',
    },
    env: {
      type: 'object',
      propertyNames: { type: 'string', pattern: '^[A-Za-z_][A-Za-z0-9_]*$' },
      additionalProperties: { type: [...SCALAR, 'null'] },
      default: {},
      description:
        'Environment variables, on top of PATH, HOME, LANG, TMPDIR and those of Heddle (`HEDDLE_…`), which are not to be set; null leaves one out.',
    },
    workdir: {
      type: 'string',
      minLength: 1,
      maxLength: 4_096,
      description:
        "Where it runs, relative to the run's workspace, which is the default. Definitions from a directory may give absolute paths.",
    },
    stdin: { type: 'string', description: 'Its standard input; empty by default.' },
    timeout_ms: {
      type: 'integer',
      minimum: 1,
      maximum: 604_800_000,
      default: DEFAULT_TIMEOUT_MS,
      description: 'After that long it is ended with all it started, and the step fails with `timeout`.',
    },
    kill_after_ms: {
      type: 'integer',
      minimum: 0,
      maximum: 60_000,
      default: DEFAULT_KILL_AFTER_MS,
      description: 'How long it may take to end by itself once it gets TERM; then it gets KILL. At most 4 s when the run is stopped.',
    },
    fail_on_error: {
      type: 'boolean',
      default: true,
      description: 'Whether an exit code other than 0 fails the step with `command_failed`.',
    },
    retry_exit_codes: {
      type: 'array',
      items: { type: 'integer', minimum: 1, maximum: 255 },
      maxItems: 255,
      description: 'The exit codes for which `retry` applies; all by default.',
    },
    max_output_chars: {
      type: 'integer',
      minimum: 0,
      maximum: 4_194_304,
      default: DEFAULT_MAX_OUTPUT_CHARS,
      description: 'What is kept of each of stdout and stderr: its beginning and its end.',
    },
  }),
  oneOf: [{ required: ['command'] }, { required: ['script'] }],
};

const STREAM: JsonObject = { type: 'string', description: 'Decoded as UTF-8.' };
const TRUNCATED: JsonObject = { type: 'boolean', description: 'Whether its middle was left out.' };

export const SHELL_EXEC_OUTPUT = objectOf(
  {
    stdout: STREAM,
    stderr: STREAM,
    exit_code: { type: 'integer', description: '128 and the number of the signal when one ended it.' },
    signal: { type: ['string', 'null'], description: 'The signal that ended it.' },
    stdout_truncated: TRUNCATED,
    stderr_truncated: TRUNCATED,
    duration_ms: { type: 'integer' },
    artifacts: {
      type: 'array',
      items: objectOf(
        {
          id: { type: 'string' },
          name: { type: 'string' },
          media_type: { type: 'string' },
          size: { type: 'integer' },
          sha256: { type: 'string' },
        },
        ['id', 'name', 'media_type', 'size', 'sha256'],
      ),
      description: 'The files it left in `$HEDDLE_ARTIFACTS`, by name.',
    },
    result: { description: 'What it wrote to `$HEDDLE_RESULT`; absent when it wrote nothing.' },
  },
  ['stdout', 'stderr', 'exit_code', 'signal', 'stdout_truncated', 'stderr_truncated', 'duration_ms', 'artifacts'],
);
