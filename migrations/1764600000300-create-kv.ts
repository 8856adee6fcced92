import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Small values that a tenant keeps by namespace and key. */
export class CreateKv1764600000300 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE kv_entries (
        tenant_id text NOT NULL,
        namespace text NOT NULL,
        key text NOT NULL,
        value json NOT NULL,
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT kv_entries_pkey PRIMARY KEY (tenant_id, namespace, key)
      );
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE kv_entries');
  }
}
