import { basename, isAbsolute, resolve } from 'node:path';
import { ConfigError, type ConfigFault } from './config.errors.js';
import type { ArtifactStorageConfig, HeddleConfig } from './heddle-config.js';
import type { Variable } from './variable.js';
import { MODEL_KEY_NAME, SECRET_PREFIX, VARIABLES, type Values } from './variables.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface LoadedConfig {
  readonly config: HeddleConfig;
  /** What is odd but usable, e.g. a variable that nobody reads. */
  readonly warnings: readonly string[];
}

/** What the quick start loads besides. */
const QUICKSTART_DIRECTORIES = [
  { name: 'examples', path: resolve('examples/workflows') },
  { name: 'example-jobs', path: resolve('examples/jobs') },
  { name: 'example-awf', path: resolve('examples/awf') },
  { name: 'example-meshflow', path: resolve('examples/meshflow') },
] as const;

/** Reads the whole environment. Throws one ConfigError that names every variable at fault. */
export function loadConfigWithWarnings(env: Environment): LoadedConfig {
  const faults: ConfigFault[] = [];
  const values = readValues(env, faults);
  if (values.DATABASE_URL === undefined && values.DATABASE_DIRECT_URL !== undefined) {
    faults.push({ variable: 'DATABASE_DIRECT_URL', reason: 'needs DATABASE_URL' });
  }
  if (values.DATABASE_URL === undefined && values.HEDDLE_ROLE !== undefined && values.HEDDLE_ROLE !== 'all') {
    faults.push({
      variable: 'HEDDLE_ROLE',
      reason: 'must be all on the embedded database, which serves one process only; set DATABASE_URL',
    });
  }
  if (values.HEDDLE_QUICKSTART === true && values.HEDDLE_PORT === 0) {
    faults.push({
      variable: 'HEDDLE_PORT',
      reason: 'must not be 0 with HEDDLE_QUICKSTART, whose workflows call the server at its address',
    });
  }
  if (values.HEDDLE_ARTIFACTS?.startsWith('s3://') === true) {
    for (const name of ['HEDDLE_S3_ACCESS_KEY_ID', 'HEDDLE_S3_SECRET_ACCESS_KEY'] as const) {
      if (values[name] === undefined) faults.push({ variable: name, reason: 'is needed with HEDDLE_ARTIFACTS=s3://…' });
    }
  }
  if (values.HEDDLE_PORT !== 0 && Object.values(values.HEDDLE_COMPAT_PORTS ?? {}).includes(values.HEDDLE_PORT ?? -1)) {
    faults.push({ variable: 'HEDDLE_COMPAT_PORTS', reason: 'must not name the port of HEDDLE_PORT' });
  }
  if (values.HEDDLE_DEFAULT_MODEL?.provider === 'openai_compatible' && values.HEDDLE_DEFAULT_MODEL_URL === undefined) {
    faults.push({ variable: 'HEDDLE_DEFAULT_MODEL_URL', reason: 'is needed for a default model that is openai_compatible' });
  }
  for (const name of repeatedNames(workflowDirectories(values))) {
    faults.push({ variable: 'HEDDLE_WORKFLOWS_DIR', reason: `names two directories "${name}"; write name=path` });
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return { config: arrange(values as Values, env), warnings: unknownVariables(env) };
}

/** Reads the whole environment, without its warnings. */
export function loadConfig(env: Environment): HeddleConfig {
  return loadConfigWithWarnings(env).config;
}

function readValues(env: Environment, faults: ConfigFault[]): Partial<Values> {
  const values: Record<string, unknown> = {};
  for (const [name, variable] of Object.entries<Variable>(VARIABLES)) {
    const parsed = variable.schema.safeParse(read(env, name) ?? (variable.alias === undefined ? undefined : read(env, variable.alias)));
    if (parsed.success) values[name] = parsed.data;
    else faults.push({ variable: name, reason: [...new Set(parsed.error.issues.map((issue) => issue.message))].join('; ') });
  }
  return values;
}

/** An empty variable counts as unset, as compose files and CI systems write them. */
function read(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === '' ? undefined : value;
}

function arrange(values: Values, env: Environment): HeddleConfig {
  return {
    role: values.HEDDLE_ROLE,
    dataDir: isAbsolute(values.HEDDLE_DATA_DIR) ? values.HEDDLE_DATA_DIR : resolve(values.HEDDLE_DATA_DIR),
    http: {
      host: values.HEDDLE_HOST,
      port: values.HEDDLE_PORT,
      corsOrigins: values.HEDDLE_CORS_ORIGINS,
      dialectPorts: values.HEDDLE_COMPAT_PORTS,
      trustProxy: values.HEDDLE_TRUST_PROXY,
      bodyLimitBytes: values.HEDDLE_BODY_LIMIT,
      requestTimeoutMs: values.HEDDLE_REQUEST_TIMEOUT_MS,
    },
    database: {
      url: values.DATABASE_URL,
      directUrl: values.DATABASE_DIRECT_URL ?? values.DATABASE_URL,
      migrate: values.HEDDLE_MIGRATE,
      poolSize: values.HEDDLE_POOL_SIZE,
      enginePoolSize: values.HEDDLE_ENGINE_POOL_SIZE,
    },
    workflowDirectories: workflowDirectories(values),
    agentsDir: values.HEDDLE_AGENTS_DIR,
    modelsFile: values.HEDDLE_MODELS_FILE,
    defaultModel: { ...values.HEDDLE_DEFAULT_MODEL, baseUrl: values.HEDDLE_DEFAULT_MODEL_URL },
    modelKeys: readModelKeys(env),
    auth: { bootstrapAdminKey: values.HEDDLE_BOOTSTRAP_ADMIN_KEY, anonymousRole: values.HEDDLE_ANONYMOUS_ROLE },
    secretKey: values.HEDDLE_SECRET_KEY,
    egressAllow: values.HEDDLE_QUICKSTART ? [...values.HEDDLE_EGRESS_ALLOW, ownAddress(values)] : values.HEDDLE_EGRESS_ALLOW,
    shell: { policy: values.HEDDLE_SHELL, processes: values.HEDDLE_SHELL_PROCESSES, path: values.HEDDLE_SHELL_PATH },
    artifacts: {
      storage: artifactStorage(values),
      limit: values.HEDDLE_ARTIFACT_LIMIT,
      retentionDays: values.HEDDLE_ARTIFACT_RETENTION,
    },
    engine: {
      leaseMs: values.HEDDLE_LEASE_MS,
      concurrency: values.HEDDLE_WORKER_CONCURRENCY,
      parkAfterMs: values.HEDDLE_PARK_AFTER_MS,
      journalLanes: values.HEDDLE_JOURNAL_LANES,
      maxInlineOutput: values.HEDDLE_MAX_INLINE_OUTPUT,
    },
    retentionDays: {
      success: values.HEDDLE_RETENTION_SUCCESS,
      failed: values.HEDDLE_RETENTION_FAILED,
      cancelled: values.HEDDLE_RETENTION_CANCELLED,
    },
    partitionDays: values.HEDDLE_PARTITION_DAYS,
    rateLimitPerMinute: values.HEDDLE_RATE_LIMIT,
    log: { level: values.HEDDLE_LOG_LEVEL, pretty: values.HEDDLE_LOG_PRETTY },
    expressionEnv: values.HEDDLE_EXPRESSION_ENV,
    expressionEnvValues: {
      ...(values.HEDDLE_QUICKSTART ? { HEDDLE_URL: `http://${ownAddress(values)}` } : {}),
      ...pick(env, values.HEDDLE_EXPRESSION_ENV),
    },
    secrets: readSecrets(env),
    shutdown: { drainMs: values.HEDDLE_DRAIN_MS },
    quickstart: values.HEDDLE_QUICKSTART,
  };
}

function artifactStorage(values: Values): ArtifactStorageConfig {
  const where = values.HEDDLE_ARTIFACTS;
  if (where === 'postgres') return { kind: 'postgres' };
  if (!where.startsWith('s3://')) return { kind: 'directory', path: resolve(where) };
  const { hostname: bucket, pathname } = new URL(where);
  const prefix = pathname.replace(/^\/+|\/+$/g, '');
  return {
    kind: 's3',
    bucket,
    prefix: prefix === '' ? '' : `${prefix}/`,
    endpoint: values.HEDDLE_S3_ENDPOINT,
    region: values.HEDDLE_S3_REGION,
    accessKeyId: values.HEDDLE_S3_ACCESS_KEY_ID ?? '',
    secretAccessKey: values.HEDDLE_S3_SECRET_ACCESS_KEY ?? '',
  };
}

/** Where the server reaches itself: the quick start's main example reads the server's own OpenAPI document. */
function ownAddress({ HEDDLE_HOST: host, HEDDLE_PORT: port }: Values): string {
  if (host === '0.0.0.0' || host === '::') return `127.0.0.1:${port}`;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function workflowDirectories(values: Partial<Values>): HeddleConfig['workflowDirectories'] {
  const { HEDDLE_WORKFLOWS_DIR: directories = [], HEDDLE_QUICKSTART: quickstart } = values;
  const named = directories.map(({ name, path }) => ({ name: name ?? basename(resolve(path)), path: resolve(path) }));
  const besides = QUICKSTART_DIRECTORIES.filter(({ name }) => named.every((each) => each.name !== name));
  return quickstart === true ? [...named, ...besides] : named;
}

function repeatedNames(directories: HeddleConfig['workflowDirectories']): string[] {
  const names = directories.map(({ name }) => name);
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}

function pick(env: Environment, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}

function isSecret(name: string): boolean {
  return name.startsWith(SECRET_PREFIX) && name.length > SECRET_PREFIX.length && !(name in VARIABLES);
}

function readSecrets(env: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value !== undefined && isSecret(name) ? [[name.slice(SECRET_PREFIX.length), value]] : [],
    ),
  );
}

/** By the full name of the variable. */
function readModelKeys(env: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value !== undefined && value.trim() !== '' && (MODEL_KEY_NAME.test(name) || isSecret(name)) ? [[name, value.trim()]] : [],
    ),
  );
}

function unknownVariables(env: Environment): string[] {
  return Object.keys(env)
    .filter((name) => name.startsWith('HEDDLE_') && !(name in VARIABLES) && !isSecret(name))
    .toSorted()
    .map((name) => `${name} is set, but nothing reads it`);
}
