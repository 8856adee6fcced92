import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Agents may say which model their semantic memory is embedded by. */
export class AddMemoryModels1764700000300 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE memory_entries ADD COLUMN model text DEFAULT '' NOT NULL;
      COMMENT ON COLUMN memory_entries.model IS 'who made the vector, and its length; empty for the model that ships with the server';
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE memory_entries DROP COLUMN model');
  }
}
