import { ApiClient, generateAdminKey, realPostgres, startServer, type RealPostgres, type TestServer } from '../../support/index.js';

export interface ClusterOptions {
  /** Environment of each node, on top of what all share. One entry per node. */
  readonly nodes: readonly Readonly<Record<string, string>>[];
  readonly env?: Readonly<Record<string, string>>;
  /** A database that exists already; otherwise a new, migrated one. */
  readonly databaseUrl?: string;
}

/** Several server processes on one real Postgres. */
export interface Cluster {
  readonly databaseUrl: string;
  readonly nodes: readonly TestServer[];
  /** The node that holds the run, by the `worker` its run names; undefined when nobody does. */
  holder(worker: string | null): TestServer | undefined;
  stop(): Promise<void>;
}

/** Starts all nodes at once. Workflows may call servers of this machine, whatever their port. */
export async function startCluster(postgres: RealPostgres, { nodes, env, databaseUrl }: ClusterOptions): Promise<Cluster> {
  const shared = {
    DATABASE_URL: databaseUrl ?? (await postgres.createDatabase()),
    HEDDLE_BOOTSTRAP_ADMIN_KEY: generateAdminKey(),
    HEDDLE_EGRESS_ALLOW: '127.0.0.1',
    HEDDLE_LOG_LEVEL: 'error',
    HEDDLE_POOL_SIZE: '5',
    ...env,
  };
  const started = await Promise.all(nodes.map((own) => startServer({ env: { ...shared, ...own } })));
  return {
    databaseUrl: shared.DATABASE_URL,
    nodes: started,
    holder: (worker) => started.find((node) => worker?.split(':')[1] === String(node.pid)),
    stop: async () => void (await Promise.all(started.map((node) => node.dispose()))),
  };
}

/** The client of a node; a restarted node has a new address, so ask again. */
export function apiOf(cluster: Cluster, index: number): ApiClient {
  const node = cluster.nodes[index % cluster.nodes.length];
  if (node === undefined) throw new Error('the cluster has no nodes');
  return node.api;
}

export { realPostgres, type RealPostgres };
