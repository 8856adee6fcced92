import { Module } from '@nestjs/common';
import { KvStore } from './kv-store.js';
import { KvController } from './kv.controller.js';
import { KvService } from './kv.service.js';

/** Small values that outlive runs, for whoever has nowhere else to keep them. */
@Module({ controllers: [KvController], providers: [KvStore, KvService], exports: [KvService] })
export class KvModule {}
