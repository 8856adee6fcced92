import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a file says of the version it became, beside the definition. */
export class AddVersionOrigins1764300000300 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE workflow_versions ADD COLUMN origin json');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE workflow_versions DROP COLUMN origin');
  }
}
