import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type HeddleConfig } from '../../config/index.js';
import { RunEngine } from '../../engine/index.js';
import { Database } from '../../platform/database/index.js';
import { CHECK_STATUSES, DoctorRegistry } from '../../platform/doctor/index.js';
import { HealthRegistry, Lifecycle } from '../../platform/lifecycle/index.js';
import { SERVICE, VERSION } from '../../platform/version.js';
import { RunsService } from '../runs/index.js';
import { StorageQuery } from './storage.query.js';
import type { DoctorDto, SystemInfoDto, SystemStatusDto } from './dto/system.dto.js';

/** What can be told of the installation. */
@Injectable()
export class SystemService {
  constructor(
    private readonly database: Database,
    private readonly engine: RunEngine,
    private readonly runs: RunsService,
    private readonly health: HealthRegistry,
    private readonly lifecycle: Lifecycle,
    private readonly registry: DoctorRegistry,
    private readonly storage: StorageQuery,
    @Inject(CONFIG) private readonly config: HeddleConfig,
  ) {}

  info(): SystemInfoDto {
    const uptime = process.uptime();
    return {
      service: SERVICE,
      version: VERSION,
      runtime: process.version,
      role: this.config.role,
      started_at: new Date(Date.now() - uptime * 1000).toISOString(),
      uptime_seconds: Math.floor(uptime),
      database: this.database.info,
    };
  }

  async status(tenant: string): Promise<SystemStatusDto> {
    const { unready } = this.lifecycle;
    const failing = [...(unready === null ? [] : [{ name: 'lifecycle', message: unready }]), ...(await this.health.failing())];
    const { rss, heapUsed } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    return {
      status: failing.length === 0 ? 'ok' : 'unavailable',
      failing,
      process: { runs: this.engine.held, memory_bytes: rss, heap_bytes: heapUsed, cpu_seconds: (user + system) / 1_000_000 },
      storage: await this.storage.execute(),
      runs: await this.runs.live(tenant),
    };
  }

  async doctor(): Promise<DoctorDto> {
    const checks = await this.registry.examine();
    const worst = Math.max(0, ...checks.map(({ status }) => CHECK_STATUSES.indexOf(status)));
    return { status: CHECK_STATUSES[worst] ?? 'ok', checked_at: new Date().toISOString(), checks };
  }
}
