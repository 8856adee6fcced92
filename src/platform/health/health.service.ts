import { Injectable } from '@nestjs/common';
import { HealthRegistry, Lifecycle, type FailedCheck } from '../lifecycle/index.js';
import { SERVICE, VERSION } from '../version.js';
import type { HealthDto } from './health.dto.js';

@Injectable()
export class HealthService {
  constructor(
    private readonly registry: HealthRegistry,
    private readonly lifecycle: Lifecycle,
  ) {}

  /** The process answers: that is all liveness is about. */
  live(): HealthDto {
    return { status: 'ok', ...identity() };
  }

  /** Whether requests should be sent here now. */
  async ready(): Promise<HealthDto> {
    const failing = await this.failing();
    return failing.length === 0 ? this.live() : { status: 'unavailable', ...identity(), failing };
  }

  private async failing(): Promise<FailedCheck[]> {
    const { unready } = this.lifecycle;
    return [...(unready === null ? [] : [{ name: 'lifecycle', message: unready }]), ...(await this.registry.failing())];
  }
}

function identity(): Pick<HealthDto, 'version' | 'service' | 'uptime_seconds'> {
  return { version: VERSION, service: SERVICE, uptime_seconds: Math.floor(process.uptime()) };
}
