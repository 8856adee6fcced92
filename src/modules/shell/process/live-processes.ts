import { Injectable, type OnModuleInit } from '@nestjs/common';
import { setTimeout as pause } from 'node:timers/promises';
import { ShutdownRegistry } from '../../../platform/lifecycle/index.js';
import { type ProcessSpec, ProcessTree } from './process-tree.js';

const LOOK_MS = 20;

/** The process trees of this server. None outlives an end of the server that it can still act on. */
@Injectable()
export class LiveProcesses implements OnModuleInit {
  private readonly trees = new Set<ProcessTree>();

  constructor(private readonly shutdown: ShutdownRegistry) {}

  onModuleInit(): void {
    const killAll = (): void => {
      for (const tree of this.trees) tree.killNow();
    };
    process.on('exit', killAll);
    // The engine stops the steps, and they their processes.
    this.shutdown.register('stop-work', 'processes', async (deadline) => {
      while (this.trees.size > 0 && !deadline.aborted) await pause(LOOK_MS);
    });
    this.shutdown.register('close', 'processes', () => {
      killAll();
      process.off('exit', killAll);
    });
  }

  async start(spec: ProcessSpec): Promise<ProcessTree> {
    const tree = await ProcessTree.start(spec);
    this.trees.add(tree);
    return tree;
  }

  /** Once nothing of it lives. */
  forget(tree: ProcessTree): void {
    this.trees.delete(tree);
  }
}
