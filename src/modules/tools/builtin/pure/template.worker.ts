import { parentPort, workerData } from 'node:worker_threads';
import { Template } from '@huggingface/jinja';
import type { TemplateMessage, TemplateTask } from './template.types.js';

const { template, data } = workerData as TemplateTask;

function rendered(): TemplateMessage {
  try {
    const value = JSON.parse(data) as unknown;
    const members = typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
    return { text: new Template(template).render({ ...members, data: value }) };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.postMessage(rendered());
