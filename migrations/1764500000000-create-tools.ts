import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What tools remember for a while. */
export class CreateTools1764500000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE tool_cache (
        tenant_id text NOT NULL,
        key text NOT NULL,
        value json NOT NULL,
        expires_at timestamptz(3) NOT NULL,
        CONSTRAINT tool_cache_pkey PRIMARY KEY (tenant_id, key)
      );
      CREATE INDEX tool_cache_expires_at_idx ON tool_cache (expires_at);

      CREATE TABLE tool_servers (
        id uuid NOT NULL,
        tenant_id text NOT NULL,
        name text NOT NULL,
        kind text NOT NULL,
        description text,
        settings json NOT NULL,
        sealed_headers text,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT tool_servers_pkey PRIMARY KEY (id),
        CONSTRAINT tool_servers_tenant_id_name_key UNIQUE (tenant_id, name),
        CONSTRAINT tool_servers_kind_check CHECK (kind IN ('http', 'stdio', 'openapi'))
      );
      COMMENT ON TABLE tool_servers IS 'where a tenant has further tools from: MCP servers and OpenAPI documents';
      COMMENT ON COLUMN tool_servers.sealed_headers IS 'JSON object, encrypted with HEDDLE_SECRET_KEY where there is one';
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE tool_servers, tool_cache');
  }
}
