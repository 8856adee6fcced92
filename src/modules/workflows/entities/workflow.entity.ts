import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A workflow: its name, and what its latest version says of it. Deleted ones stay as rows, because their runs do. */
@Entity({ name: 'workflows' })
@Index('workflows_tenant_id_namespace_name_key', ['tenantId', 'namespace', 'name'], { unique: true, where: 'deleted_at IS NULL' })
@Index('workflows_tenant_id_id_idx', ['tenantId', 'id'])
@Check('workflows_kind_check', `kind IN ('workflow', 'agent', 'internal')`)
@Check('workflows_lifecycle_check', `lifecycle IN ('draft', 'paused')`)
export class WorkflowEntity {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'workflows_pkey' })
  id: string;

  @Column({ name: 'tenant_id', type: 'text' })
  tenantId: string;

  /** `workflow`; `agent`: then its versions are what the agent's runs execute; `internal`: the server's own, which nobody sees listed. */
  @Column({ type: 'text', default: 'workflow', comment: 'agents have no namespace, which keeps their names apart from those of workflows' })
  kind: 'workflow' | 'agent' | 'internal';

  /** Of agents: why no run of it starts. Null when it is deployed. */
  @Column({ type: 'text', nullable: true, comment: 'of agents: why no run of it starts; null when it is deployed' })
  lifecycle: 'draft' | 'paused' | null;

  /** Of agents it is empty. */
  @Column({ type: 'text' })
  namespace: string;

  /** Without the namespace. */
  @Column({ type: 'text' })
  name: string;

  /** Of the latest version: `api` or `fs:<name>`. */
  @Column({ type: 'text' })
  source: string;

  @Column({ name: 'latest_version', type: 'integer' })
  latestVersion: number;

  @Column({ type: 'text', nullable: true })
  description: string | null;

  @Column({ type: 'text', array: true, default: () => `'{}'` })
  tags: string[];

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt: Date;

  @Column({ name: 'updated_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  updatedAt: Date;

  @Column({ name: 'deleted_at', type: 'timestamptz', precision: 3, nullable: true })
  deletedAt: Date | null;
}
