import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Files that steps leave behind and outputs too large for the journal: what they are, and where their content is. */
export class CreateArtifacts1764300000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE artifact_contents (
        id uuid NOT NULL,
        tenant_id text NOT NULL,
        storage text NOT NULL,
        state text NOT NULL DEFAULT 'writing',
        touched_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT artifact_contents_pkey PRIMARY KEY (id),
        CONSTRAINT artifact_contents_storage_check CHECK (storage IN ('postgres', 'directory', 's3')),
        CONSTRAINT artifact_contents_state_check CHECK (state IN ('writing', 'stored', 'garbage'))
      );
      COMMENT ON TABLE artifact_contents IS 'written before the storage is, so that nothing in there is without a row';
      COMMENT ON COLUMN artifact_contents.touched_at IS 'last sign of life of its writer, or when it became garbage';
      CREATE INDEX artifact_contents_touched_at_idx ON artifact_contents (touched_at) WHERE state <> 'stored';

      CREATE TABLE artifact_chunks (
        content_id uuid NOT NULL,
        tenant_id text NOT NULL,
        position bigint NOT NULL,
        data bytea NOT NULL,
        CONSTRAINT artifact_chunks_pkey PRIMARY KEY (content_id, position),
        CONSTRAINT artifact_chunks_content_id_fkey FOREIGN KEY (content_id) REFERENCES artifact_contents (id)
      );
      COMMENT ON COLUMN artifact_chunks.position IS 'of the first byte in the content';
      ALTER TABLE artifact_chunks ALTER COLUMN data SET STORAGE EXTERNAL;

      CREATE TABLE artifacts (
        id uuid NOT NULL,
        tenant_id text NOT NULL,
        run_id uuid NOT NULL,
        kind text NOT NULL,
        step text NOT NULL,
        name text NOT NULL,
        media_type text NOT NULL,
        size bigint NOT NULL,
        sha256 bytea NOT NULL,
        content_id uuid NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT artifacts_pkey PRIMARY KEY (id),
        CONSTRAINT artifacts_run_id_kind_step_name_key UNIQUE (run_id, kind, step, name),
        CONSTRAINT artifacts_content_id_fkey FOREIGN KEY (content_id) REFERENCES artifact_contents (id),
        CONSTRAINT artifacts_kind_check CHECK (kind IN ('file', 'output'))
      );
      COMMENT ON COLUMN artifacts.step IS 'empty for the outputs of the run';
      CREATE INDEX artifacts_tenant_id_id_idx ON artifacts (tenant_id, id) WHERE kind = 'file';
      CREATE INDEX artifacts_created_at_idx ON artifacts (created_at) WHERE kind = 'file';
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE artifacts, artifact_chunks, artifact_contents');
  }
}
