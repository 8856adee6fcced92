import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a file says of the version it became, beside the definition. */
export class AddVersionOrigins1764300000300 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE workflow_versions ADD COLUMN origin json;
      COMMENT ON COLUMN workflow_versions.origin IS 'of a version from a file: its format and place, the version its author gives it, a digest of the files it needs';
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE workflow_versions DROP COLUMN origin');
  }
}
