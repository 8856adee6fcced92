import type { NodeTypes } from '../ports/node-type.js';

/** What expressions may read besides the run itself. */
export interface GraphEnvironment {
  readonly nodeTypes: NodeTypes;
  /** Allow-listed environment variables. */
  readonly env: Readonly<Record<string, string>>;
  /** The value of a tenant's secret, or undefined. */
  readonly secret: (tenant: string, name: string) => string | undefined;
}
