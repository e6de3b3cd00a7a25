import { DisposableDelegate, type IDisposable } from '@lumino/disposable';

import type { CanvasContext } from './widget';

type Job = () => Promise<void>;

/** What is to be done before a document is saved, by its views. */
const jobs = new WeakMap<CanvasContext, Set<Job>>();

/** Have a job done before the document is saved, however that is asked for: JupyterLab takes the text at once. */
export function beforeSaving(context: CanvasContext, job: Job): IDisposable {
  const all = jobs.get(context) ?? new Set<Job>();
  if (!jobs.has(context)) {
    jobs.set(context, all);
    const save = context.save.bind(context);
    context.save = async () => {
      await Promise.all([...all].map(each => each()));
      return save();
    };
  }
  all.add(job);
  return new DisposableDelegate(() => all.delete(job));
}
