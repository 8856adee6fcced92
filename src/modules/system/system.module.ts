import { Module } from '@nestjs/common';
import { RunsModule } from '../runs/index.js';
import { DatabaseChecks } from './checks/database-checks.js';
import { StorageChecks } from './checks/storage-checks.js';
import { WorkChecks } from './checks/work-checks.js';
import { StorageQuery } from './storage.query.js';
import { SystemController } from './system.controller.js';
import { SystemService } from './system.service.js';

/** What an operator asks about the installation. */
@Module({
  imports: [RunsModule],
  controllers: [SystemController],
  providers: [SystemService, StorageQuery, DatabaseChecks, StorageChecks, WorkChecks],
  exports: [SystemService],
})
export class SystemModule {}
