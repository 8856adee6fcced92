import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { CONFIG, type ArtifactStorageConfig, type HeddleConfig } from '../../../config/index.js';
import type { ContentStorage, StorageKind } from './content-storage.js';
import { DirectoryContentStorage } from './directory-content-storage.js';
import { PostgresContentStorage } from './postgres-content-storage.js';
import { S3ContentStorage } from './s3-content-storage.js';

/** The configured storage, and the database, which can be read whatever is configured: what was stored before stays readable. */
@Injectable()
export class ContentStorages {
  /** Where new contents go. */
  readonly current: ContentStorage;
  private readonly byKind: ReadonlyMap<StorageKind, ContentStorage>;

  constructor(@InjectDataSource() dataSource: DataSource, @Inject(CONFIG) config: HeddleConfig) {
    const postgres = new PostgresContentStorage(dataSource);
    this.current = storageOf(config.artifacts.storage) ?? postgres;
    this.byKind = new Map([
      [postgres.kind, postgres],
      [this.current.kind, this.current],
    ]);
  }

  get kinds(): StorageKind[] {
    return [...this.byKind.keys()];
  }

  /** Undefined when this server is not configured for it any more. */
  get(kind: StorageKind): ContentStorage | undefined {
    return this.byKind.get(kind);
  }
}

function storageOf(config: ArtifactStorageConfig): ContentStorage | null {
  switch (config.kind) {
    case 'postgres':
      return null;
    case 'directory':
      return new DirectoryContentStorage(config.path);
    case 's3':
      return new S3ContentStorage(config);
  }
}
