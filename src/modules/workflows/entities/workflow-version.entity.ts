import { Column, Entity, JoinColumn, ManyToOne, PrimaryColumn, Unique } from 'typeorm';
import type { WorkflowDefinition } from '../../../engine/model/definition.js';
import type { DefinitionOrigin } from '../origin.js';
import { WorkflowEntity } from './workflow.entity.js';

/** One version of a workflow. Never changed and never deleted: runs point at it. */
@Entity({ name: 'workflow_versions' })
@Unique('workflow_versions_workflow_id_version_key', ['workflowId', 'version'])
export class WorkflowVersionEntity {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'workflow_versions_pkey' })
  id: string;

  @Column({ name: 'tenant_id', type: 'text' })
  tenantId: string;

  @Column({ name: 'workflow_id', type: 'uuid' })
  workflowId: string;

  @ManyToOne(() => WorkflowEntity)
  @JoinColumn({ name: 'workflow_id', foreignKeyConstraintName: 'workflow_versions_workflow_id_fkey' })
  workflow?: WorkflowEntity;

  @Column({ type: 'integer' })
  version: number;

  @Column({ type: 'text' })
  kind: string;

  @Column({ type: 'json' })
  definition: WorkflowDefinition;

  /** SHA-256 of the definition with its keys in order. */
  @Column({ name: 'definition_hash', type: 'bytea' })
  definitionHash: Buffer;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt: Date;

  /** `fs:<name>` for a version that came from a directory, else the id of the key that stored it; null without a key. */
  @Column({ name: 'created_by', type: 'text', nullable: true })
  createdBy: string | null;

  /** Of a version that came from a file. */
  @Column({ type: 'json', nullable: true })
  origin: DefinitionOrigin | null;
}
