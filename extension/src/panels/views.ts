import type { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { LabIcon } from '@jupyterlab/ui-components';
import { UUID, type ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { Widget } from '@lumino/widgets';

import { lineageIcon, twingraphIcon } from '../icons';
import { CommandIDs, type ITwinGraph, type Subject } from '../tokens';
import { LazyPanel } from './lazy';

/** A run, or the lineage of one or of a node in it, in the main area. */
class SubjectView extends MainAreaWidget<LazyPanel> {
  constructor(
    public subject: Subject,
    kind: Kind
  ) {
    super({
      content: new LazyPanel(() => kind.load(subject, (runId, name) => this.entitle({ ...subject, runId }, name)))
    });
    this.toolbar.hide();
    this.title.icon = kind.icon;
    this.title.closable = true;
    this.entitle(subject, kind.title(subject));
  }

  /** Show whose view it is. */
  entitle(subject: Subject, label: string): void {
    this.subject = subject;
    this.title.label = label;
    this.title.caption = `${label}\n${subject.runId}`;
  }
}

interface Kind {
  name: string;
  command: string;
  icon: LabIcon;
  label: string;
  caption: string;
  title(subject: Subject): string;
  load(subject: Subject, entitle: (runId: string, label: string) => void): Promise<Widget>;
}

/** Commands that open a run or a lineage; what is open comes back when the page is loaded again. */
export function addViews(
  app: JupyterFrontEnd,
  hub: ITwinGraph,
  trans: TranslationBundle,
  restorer: ILayoutRestorer | null
): void {
  const openRun = (runId: string): void => void app.commands.execute(CommandIDs.openRun, { runId });
  const kinds: Kind[] = [
    {
      name: 'run',
      command: CommandIDs.openRun,
      icon: twingraphIcon,
      label: trans.__('Open Run'),
      caption: trans.__('Show how the run on the canvas is doing'),
      title: ({ runId }) => trans.__('Run %1', short(runId)),
      load: async (subject, entitle) =>
        (await import('./runpage')).runPage(subject, (runId, name) => entitle(runId, `${name} ${short(runId)}`))
    },
    {
      name: 'lineage',
      command: CommandIDs.openLineage,
      icon: lineageIcon,
      label: trans.__('Open Lineage'),
      caption: trans.__('Show where the values of the run on the canvas come from'),
      title: ({ runId, node }) => trans.__('Lineage of %1', node || short(runId)),
      load: async subject => (await import('./runpage')).lineagePage(subject, openRun)
    }
  ];
  kinds.forEach(kind => addKind(app, hub, kind, restorer));
}

function addKind(app: JupyterFrontEnd, hub: ITwinGraph, kind: Kind, restorer: ILayoutRestorer | null): void {
  const { commands, shell } = app;
  const views = new WidgetTracker<SubjectView>({ namespace: `twingraph-${kind.name}` });
  const wanted = (args: ReadonlyPartialJSONObject): Subject | null => {
    const onCanvas = hub.documents.currentWidget?.content.page?.host.run.runId;
    const runId = typeof args.runId === 'string' ? args.runId : onCanvas;
    const node = typeof args.node === 'string' ? args.node : '';
    return runId ? { runId, node } : null;
  };

  commands.addCommand(kind.command, {
    label: kind.label,
    caption: kind.caption,
    icon: kind.icon,
    isEnabled: args => wanted(args) !== null,
    execute: async args => {
      const subject = wanted(args);
      if (!subject) {
        return;
      }
      hub.service.need();
      let view = views.find(({ subject: { runId, node } }) => runId === subject.runId && node === subject.node);
      if (!view) {
        view = new SubjectView(subject, kind);
        view.id = `twingraph-${kind.name}-${UUID.uuid4()}`;
        shell.add(view, 'main', { mode: 'tab-after' });
        await views.add(view);
        const added = view;
        view.title.changed.connect(() => void views.save(added));
      }
      shell.activateById(view.id);
      return view;
    }
  });
  void restorer?.restore(views, {
    command: kind.command,
    args: view => ({ ...view.subject }),
    name: ({ subject: { runId, node } }) => `${runId}-${node}`
  });
}

/** The part of a run's id that people can keep apart. */
function short(runId: string): string {
  return runId.slice(0, 8);
}
