import type { DialectName, ModelProvider, Values } from './variables.js';

/** Where the content of artifacts goes. */
export type ArtifactStorageConfig =
  | { readonly kind: 'postgres' }
  | { readonly kind: 'directory'; readonly path: string }
  | {
      readonly kind: 's3';
      readonly bucket: string;
      /** Begins every key: empty, or ending with a slash. */
      readonly prefix: string;
      /** Undefined: Amazon S3. */
      readonly endpoint: string | undefined;
      readonly region: string;
      readonly accessKeyId: string;
      readonly secretAccessKey: string;
    };

/** Everything the environment decides, checked and typed. Built once at start, never changed. */
export interface HeddleConfig {
  readonly role: Values['HEDDLE_ROLE'];
  readonly dataDir: string;
  readonly http: {
    readonly host: string;
    /** 0 takes a free port. */
    readonly port: number;
    readonly corsOrigins: readonly string[];
    /** Ports of their own of dialects; 0 takes a free one. */
    readonly dialectPorts: Readonly<Partial<Record<DialectName, number>>>;
    readonly trustProxy: boolean | number | string;
    readonly bodyLimitBytes: number;
    readonly requestTimeoutMs: number;
  };
  readonly database: {
    /** Undefined: the embedded database. */
    readonly url: string | undefined;
    /** A session on the same database without a transaction pooler in between. */
    readonly directUrl: string | undefined;
    readonly migrate: Values['HEDDLE_MIGRATE'];
    readonly poolSize: number;
    readonly enginePoolSize: number;
  };
  /** Directories of definitions, absolute, under names that differ. */
  readonly workflowDirectories: readonly { readonly name: string; readonly path: string }[];
  readonly agentsDir: string | undefined;
  readonly modelsFile: string | undefined;
  /** Of definitions that name none. */
  readonly defaultModel: {
    readonly provider: ModelProvider;
    readonly model: string;
    /** There for `openai_compatible`; for others undefined means their own address. */
    readonly baseUrl: string | undefined;
  };
  /** Keys of model providers, by the name of their variable; secrets count as such. */
  readonly modelKeys: Readonly<Record<string, string>>;
  readonly auth: {
    readonly bootstrapAdminKey: string | undefined;
    readonly anonymousRole: Values['HEDDLE_ANONYMOUS_ROLE'];
  };
  readonly secretKey: string | undefined;
  readonly egressAllow: readonly string[];
  readonly shell: {
    readonly policy: Values['HEDDLE_SHELL'];
    /** At the same time. */
    readonly processes: number;
    /** `PATH` of the processes. */
    readonly path: string;
  };
  readonly artifacts: {
    readonly storage: ArtifactStorageConfig;
    /** Bytes. */
    readonly limit: number;
    /** After the end of the run; undefined: as long as the run. */
    readonly retentionDays: number | undefined;
  };
  readonly engine: {
    readonly leaseMs: number;
    readonly concurrency: number;
    readonly parkAfterMs: number;
    readonly journalLanes: number;
    /** Bytes of JSON that the journal takes of an output. */
    readonly maxInlineOutput: number;
  };
  /** Days that runs are kept after their end, by how they ended; undefined is for ever. */
  readonly retentionDays: {
    readonly success: number | undefined;
    readonly failed: number | undefined;
    readonly cancelled: number | undefined;
  };
  /** Days of runs in one partition of the journal. */
  readonly partitionDays: number;
  readonly rateLimitPerMinute: number;
  readonly log: {
    readonly level: Values['HEDDLE_LOG_LEVEL'];
    /** Undefined: on a terminal only. */
    readonly pretty: boolean | undefined;
  };
  /** Names that expressions may read as `env.NAME`, and the values of those that are set. */
  readonly expressionEnv: readonly string[];
  readonly expressionEnvValues: Readonly<Record<string, string>>;
  /** Values of `HEDDLE_SECRET_<NAME>`, by name. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly shutdown: {
    readonly drainMs: number;
  };
  readonly quickstart: boolean;
}
