import { z } from 'zod';
import {
  fileStorage,
  flag,
  httpUrl,
  integer,
  list,
  modelName,
  namedPaths,
  oneOf,
  optionalDays,
  optionalFlag,
  optionalInteger,
  optionalOneOf,
  optionalText,
  portsByName,
  postgresUrl,
  text,
  trustProxy,
  type Variable,
} from './variable.js';

/** The APIs of other systems that the server speaks. */
export const DIALECTS = ['astromesh', 'awf', 'flowengine', 'flwd', 'meshflow'] as const;
export type DialectName = (typeof DIALECTS)[number];

/** Who serves models, and `scripted`, which answers by rules. */
export const MODEL_PROVIDERS = ['openai', 'anthropic', 'google', 'openai_compatible', 'scripted'] as const;
export type ModelProvider = (typeof MODEL_PROVIDERS)[number];

const MINUTE = 60_000;
const MEBIBYTE = 1024 * 1024;

/** Every variable the server reads, in the order of the README table. Nothing else of the environment is read. */
export const VARIABLES = {
  HEDDLE_HOST: text('127.0.0.1', { description: 'Address to listen on.' }),
  HEDDLE_PORT: integer(7400, [0, 65_535], { alias: 'PORT', description: 'Port to listen on; 0 takes a free one. `PORT` is accepted too.' }),
  HEDDLE_ROLE: oneOf(['all', 'api', 'worker'], 'all', {
    description: '`api` answers requests and executes nothing, `worker` executes runs and serves health only, `all` does both.',
  }),
  HEDDLE_DATA_DIR: text('.heddle', { description: 'Directory of the embedded database and everything else the server keeps on disk.' }),
  DATABASE_URL: postgresUrl({ secret: true, description: 'Postgres 15 or later. Unset: the embedded database in `HEDDLE_DATA_DIR`.' }),
  DATABASE_DIRECT_URL: postgresUrl({
    secret: true,
    description: 'The same database without a transaction pooler in between, for LISTEN and migrations. Default: `DATABASE_URL`.',
  }),
  HEDDLE_MIGRATE: oneOf(['auto', 'check'], 'auto', {
    description: '`auto` brings the schema up to date at start, `check` refuses to start when it is not.',
  }),
  HEDDLE_POOL_SIZE: integer(10, [1, 500], { description: 'Database connections for requests.' }),
  HEDDLE_ENGINE_POOL_SIZE: integer(6, [2, 500], { description: 'Database connections for the run engine.' }),
  HEDDLE_WORKFLOWS_DIR: namedPaths({
    description:
      'Directories of workflows and jobs, loaded at start and on every change: paths, or `name=path`, comma-separated. The source of what is in them is `fs:<name>`; the name is by default the last part of the path.',
  }),
  HEDDLE_AGENTS_DIR: optionalText({ description: 'Directory of agent definitions, loaded at start and on every change.' }),
  HEDDLE_MODELS_FILE: optionalText({
    description: 'YAML or JSON file with prices of models (`prices`) and budgets for everybody (`budgets`).',
  }),
  HEDDLE_DEFAULT_MODEL: modelName(MODEL_PROVIDERS, ['scripted', 'offline'], {
    description: `Model of definitions that name none, such as \`anthropic/claude-sonnet-4-5\`. Providers: ${MODEL_PROVIDERS.join(', ')}. Unset: no model, but fixed answers that need neither network nor key.`,
  }),
  HEDDLE_DEFAULT_MODEL_URL: httpUrl({
    description: 'Base URL of that model; `openai_compatible` needs one, such as `http://localhost:11434/v1`.',
  }),
  HEDDLE_BOOTSTRAP_ADMIN_KEY: optionalText({
    secret: true,
    minLength: 20,
    description: 'Admin key to create at first start, instead of a generated one that is printed once.',
  }),
  HEDDLE_ANONYMOUS_ROLE: optionalOneOf(['viewer', 'operator', 'admin'], {
    description: 'Role of requests without a key. Unset: they are refused.',
  }),
  HEDDLE_SECRET_KEY: optionalText({
    secret: true,
    minLength: 32,
    description: 'Key that stored secrets, such as the signing keys of webhooks, are encrypted with. Unset: they are stored as they are.',
  }),
  HEDDLE_EGRESS_ALLOW: list({
    description: 'Private destinations that workflows may reach: hosts, `host:port`, CIDRs. Public ones are always allowed.',
  }),
  HEDDLE_SHELL: oneOf(['files', 'all', 'off'], 'files', {
    description: 'Whose definitions may start processes (`shell.exec`): those from directories of the operator only, all, or none.',
  }),
  HEDDLE_SHELL_PROCESSES: integer(32, [1, 10_000], {
    description: 'Processes of `shell.exec` at the same time; more wait for their turn.',
  }),
  HEDDLE_SHELL_PATH: text('/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', {
    description: "`PATH` of processes that workflows start. Nothing else of the server's environment reaches them.",
  }),
  HEDDLE_ARTIFACTS: fileStorage({
    description:
      'Where the content of artifacts and of large step outputs is kept: in the database, in a directory (which all nodes share), or in S3-compatible storage.',
  }),
  HEDDLE_S3_ENDPOINT: httpUrl({ description: 'URL of the S3-compatible storage. Unset: Amazon S3 of `HEDDLE_S3_REGION`.' }),
  HEDDLE_S3_REGION: text('us-east-1', { description: 'Region that S3 requests are signed for.' }),
  HEDDLE_S3_ACCESS_KEY_ID: optionalText({ description: 'Access key of `HEDDLE_ARTIFACTS=s3://…`.' }),
  HEDDLE_S3_SECRET_ACCESS_KEY: optionalText({ secret: true, description: 'Secret of that key.' }),
  HEDDLE_ARTIFACT_LIMIT: integer(1024 * MEBIBYTE, [1_024, 5 * 1024 * 1024 * MEBIBYTE], { description: 'Largest artifact, in bytes.' }),
  HEDDLE_ARTIFACT_RETENTION: optionalInteger([1, 36_500], {
    description:
      'Days that artifacts are kept after the end of their run. Unset: as long as the run. Large outputs always go with their run.',
  }),
  HEDDLE_MAX_INLINE_OUTPUT: integer(256 * 1024, [1_024, 64 * MEBIBYTE], {
    description: 'Outputs of steps and runs whose JSON is longer, in bytes, are kept like artifacts instead of in the journal.',
  }),
  HEDDLE_RETENTION_SUCCESS: optionalDays({ description: 'Days that successful runs are kept after their end. Unset: for ever.' }),
  HEDDLE_RETENTION_FAILED: optionalDays({ description: 'Days that failed runs are kept after their end. Unset: for ever.' }),
  HEDDLE_RETENTION_CANCELLED: optionalDays({ description: 'Days that cancelled runs are kept after their end. Unset: for ever.' }),
  HEDDLE_PARTITION_DAYS: integer(7, [1, 366], { description: 'Days of runs in one partition of the journal.' }),
  HEDDLE_EXPRESSION_ENV: list({
    item: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must list names of environment variables'),
    description: 'Names of environment variables that expressions may read as `env.NAME`.',
  }),
  HEDDLE_LEASE_MS: integer(10_000, [500, 10 * MINUTE], {
    description: 'How long a worker that stops answering keeps its runs, in milliseconds.',
  }),
  HEDDLE_WORKER_CONCURRENCY: integer(200, [1, 100_000], { description: 'Runs executed at the same time by one process.' }),
  HEDDLE_PARK_AFTER_MS: integer(1_000, [0, 10 * MINUTE], {
    description: 'Waits longer than this leave memory; shorter ones are waited out, in milliseconds.',
  }),
  HEDDLE_JOURNAL_LANES: integer(2, [1, 16], { description: 'Journal flushes in flight at the same time.' }),
  HEDDLE_RATE_LIMIT: integer(6_000, [1, 1_000_000_000], { description: 'Requests per minute of a key that has no limit of its own.' }),
  HEDDLE_CORS_ORIGINS: list({ description: 'Origins that browsers may call from; `*` for any. Unset: none.' }),
  HEDDLE_COMPAT_PORTS: portsByName(DIALECTS, {
    description: `Ports on which a dialect answers at the root, and nothing else: \`flwd=8080\`. Of ${DIALECTS.join(', ')}.`,
  }),
  HEDDLE_TRUST_PROXY: trustProxy({ description: 'Whose `X-Forwarded-*` headers are believed: hops, `true`, or addresses and CIDRs.' }),
  HEDDLE_BODY_LIMIT: integer(16 * 1024 * 1024, [1_024, 256 * 1024 * 1024], { description: 'Largest request body, in bytes.' }),
  HEDDLE_REQUEST_TIMEOUT_MS: integer(5 * MINUTE, [1_000, 60 * MINUTE], {
    description: 'Time a client has to send a whole request, in milliseconds.',
  }),
  HEDDLE_DRAIN_MS: integer(30_000, [0, 10 * MINUTE], {
    description: 'Time that requests, streams and steps have to end at shutdown before they are cut, in milliseconds.',
  }),
  HEDDLE_LOG_LEVEL: oneOf(['debug', 'info', 'warn', 'error', 'silent'], 'info', { description: 'The least serious line that is logged.' }),
  HEDDLE_LOG_PRETTY: optionalFlag({ description: 'Readable lines instead of JSON. Unset: on a terminal only.' }),
  HEDDLE_QUICKSTART: flag(false, {
    description: 'Set by `npm start`: loads `examples/workflows` and `examples/agents`, and lets workflows reach the server itself.',
  }),
} as const satisfies Record<string, Variable>;

/** Named secrets for expressions, one variable each; `HEDDLE_SECRET_KEY` is not one of them. */
export const SECRET_PREFIX = 'HEDDLE_SECRET_';

/** The table row that stands for all variables with that prefix. */
export const SECRET_ROW = {
  name: `${SECRET_PREFIX}<NAME>`,
  description: 'A secret that expressions read as `secrets.NAME`; never journaled, masked in logs and events.',
} as const;

/** Keys of model providers: what definitions may name in `api_key_env`, secrets aside. */
export const MODEL_KEY_NAME = /^[A-Z][A-Z0-9_]*_API_(KEY|TOKEN)$/;

/** The table row that stands for all of them. */
export const MODEL_KEY_ROW = {
  name: '<NAME>_API_KEY',
  description: 'Key of a model provider, such as `OPENAI_API_KEY`, for agents of the tenant `default`; `<NAME>_API_TOKEN` too.',
} as const;

export type Values = { readonly [K in keyof typeof VARIABLES]: z.output<(typeof VARIABLES)[K]['schema']> };
