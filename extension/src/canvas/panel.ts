// The canvas: drawing surface, toolbar, property panel, and all that hands do on it.
//
// For tests and tools: the root element has the class `tg-canvas`, its property `twingraph` is the panel (`.cy` the
// cytoscape Core), and its data attributes tell how things are: `nodes` and `edges` (how many are drawn), `selected`
// (ids), `pending` (edits under way), `run` (state of the run), `ready` (first drawn).
import { Signal, type ISignal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import type { Message } from '@lumino/messaging';
import cytoscape, { type Core } from 'cytoscape';

import type { Frame } from '../schema';

import type { ActionName } from './actions';
import { addEntry, addFile, Dropping } from './adding';
import { make } from './dom';
import { Finder } from './finder';
import { Gestures } from './gestures';
import type { CanvasHost } from './host';
import { Hovering } from './hovering';
import { Keys } from './keys';
import { Linking } from './linking';
import { Live } from './live';
import { Minimap } from './minimap';
import { Notices } from './notices';
import { fit, isWhole, Performing } from './performing';
import { Ports } from './ports';
import { Properties } from './properties';
import type { Point } from './scene';
import { Sheet } from './sheet';
import { MANY } from './stylesheet';
import { runInWords, selectionInWords } from './telling';
import { Toolbar } from './toolbar';

/** Width in pixels from which the property panel is open at first. */
const ROOMY = 1000;

/** Number of nodes from which the minimap is shown at first. */
const WIDE_FIELD = 15;

export interface CanvasOptions {
  /** Makes the Core in the given element; by default one with the canvas' own settings. */
  core?: (container: HTMLElement, host: CanvasHost) => Core;
  /** cytoscape style that comes before the canvas' own. */
  style?: object[];
  /** What is selected when it is first drawn. */
  selected?: () => readonly string[];
}

export class CanvasPanel extends Widget {
  readonly cy: Core;
  private readonly sheet: Sheet;
  private readonly live: Live;
  private readonly ports: Ports;
  private readonly linking: Linking;
  private readonly keys: Keys;
  private readonly notices: Notices;
  private readonly properties: Properties;
  private readonly minimap: Minimap;
  private readonly hovering: Hovering;
  private readonly gestures: Gestures;
  private readonly toolbar: Toolbar;
  private readonly performing: Performing;
  private readonly theme = new MutationObserver(() => this.sheet.drawing.followTheme());
  private readonly _selectionChanged = new Signal<this, readonly string[]>(this);
  private readonly stage: HTMLElement;
  private drawn = false;
  /** Shows elsewhere what there is to see of a node that is opened (Enter, double-click); false if that is nothing. */
  opener: ((id: string) => boolean) | null = null;

  constructor(
    readonly host: CanvasHost,
    private readonly options: CanvasOptions = {}
  ) {
    super();
    this.addClass('tg-canvas');
    const root = this.node;
    root.dataset.lmSuppressShortcuts = 'true';
    root.dataset.jpSuppressContextMenu = 'true';
    root.dataset.pending = '0';
    this.stage = make('div', { class: 'tg-stage', tabindex: 0, role: 'application' });
    const surface = make('div', { class: 'tg-surface' });
    this.stage.append(surface);
    this.notices = new Notices(this.stage);
    this.cy = (options.core ?? defaultCore)(surface, host);
    const { cy, stage } = this;
    this.sheet = new Sheet(host, cy, root, stage, this.notices);
    this.live = new Live((nodes, values, begin) => {
      if (begin) {
        this.sheet.drawing.clearProgress();
      }
      this.sheet.drawing.progress(nodes, values);
      this.runMoved(nodes);
    });
    this.linking = new Linking(this.sheet, () => this.ports);
    this.ports = new Ports(this.sheet, this.linking);
    this.hovering = new Hovering(this.sheet, this.ports, this.linking);
    this.minimap = new Minimap(this.sheet);
    this.properties = new Properties(this.sheet, () => this.showProperties(false));
    const finder = new Finder(this.sheet);
    this.performing = new Performing({
      sheet: this.sheet,
      live: this.live,
      linking: this.linking,
      finder,
      minimap: this.minimap,
      pointer: () => this.gestures.place,
      toggleProperties: () => this.showProperties(!this.properties.isOpen),
      open: id => this.open(id)
    });
    this.gestures = new Gestures(
      this.sheet,
      () => this.performing,
      id => this.open(id)
    );
    this.toolbar = new Toolbar(this.sheet, this.live, this.performing);
    this.keys = new Keys(
      this.sheet,
      name => this.perform(name),
      () => this.escape(finder)
    );
    new Dropping(this.sheet);
    root.append(
      this.toolbar.element,
      make('div', { class: 'tg-body' }, stage, this.properties.element),
      this.notices.region
    );
    this.listen();
    this.sheet.drawing.extraStyle = options.style ?? [];
    this.onChanged();
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a property for tests, as described above
    (root as any).twingraph = this;
  }

  get selection(): readonly string[] {
    return this.sheet.selection;
  }

  get selectionChanged(): ISignal<this, readonly string[]> {
    return this._selectionChanged;
  }

  select(ids: readonly string[]): void {
    this.sheet.select(ids);
  }

  reveal(id: string): void {
    this.sheet.select([id]);
    this.sheet.reveal(id);
  }

  perform(name: ActionName): void {
    this.performing.perform(name);
  }

  /** Whether an action has something to act on. */
  enabled(name: ActionName): boolean {
    return this.performing.enabled(name);
  }

  /** `at` is a point of the stage in pixels; by default a free place near the middle. */
  addEntry(entry: string, at?: Point): Promise<void> {
    return addEntry(this.sheet, entry, at);
  }

  addFile(path: string, at?: Point): Promise<void> {
    return addFile(this.sheet, path, at);
  }

  /** Send what is written in the property panel, and not sent yet. */
  flush(): void {
    this.properties.flush();
  }

  /** Keep nodes where a layout has put them. */
  keepPositions(): Promise<void> {
    return this.gestures.keepPositions();
  }

  /** Draw with another style before the canvas' own. */
  restyle(style?: object[]): void {
    this.sheet.drawing.restyle(style);
    this.minimap.soon(true);
  }

  focus(): void {
    this.stage.focus({ preventScroll: true });
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this.theme.disconnect();
    this.host.frames.disconnect(this.onFrame, this);
    this.host.changed.disconnect(this.onChanged, this);
    this.linking.end();
    [this.keys, this.live, this.ports, this.properties, this.notices, this.hovering, this.gestures].forEach(part =>
      part.dispose()
    );
    this.sheet.dispose();
    this.cy.destroy();
    this.host.dispose();
    Signal.clearData(this);
    super.dispose();
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.properties.attach();
    this.appear();
  }

  protected onBeforeDetach(message: Message): void {
    this.properties.detach();
    super.onBeforeDetach(message);
  }

  protected onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.appear();
  }

  protected onResize(message: Widget.ResizeMessage): void {
    super.onResize(message);
    this.appear();
  }

  protected onActivateRequest(): void {
    this.focus();
  }

  /** The surface has a size, or another one. */
  appear(): void {
    if (!this.stage.clientWidth || !this.stage.clientHeight) {
      return;
    }
    const whole = this.drawn && isWhole(this.sheet);
    this.cy.resize();
    if (whole && !isWhole(this.sheet)) {
      fit(this.sheet); // what was in view stays in view
    }
    if (!this.drawn) {
      this.restyle(); // CSS variables are only known now
      this.sheet.reset();
      if (this.isRoomy) {
        this.showProperties(true);
        this.cy.resize();
      }
      this.drawn = true;
      this.sheet.select(this.options.selected?.() ?? []);
      fit(this.sheet);
      this.minimap.toggle(this.sheet.size >= WIDE_FIELD);
      this.node.dataset.ready = 'true';
    }
  }

  private listen(): void {
    const { host } = this;
    // cytoscape remembers where on the page it is, and isn't told when a notebook scrolls
    const core = this.cy as Core & { renderer(): { invalidateContainerClientCoordsCache(): void } };
    for (const kind of ['pointermove', 'pointerdown', 'wheel'] as const) {
      const forget = (): void => core.renderer().invalidateContainerClientCoordsCache();
      this.stage.addEventListener(kind, forget, { capture: true, passive: true });
    }
    host.frames.connect(this.onFrame, this);
    host.changed.connect(this.onChanged, this);
    this.theme.observe(document.body, { attributeFilter: ['data-jp-theme-light', 'data-jp-theme-name', 'class'] });
    this.sheet.selectionChanged.connect((_, ids) => {
      this._selectionChanged.emit(ids);
      this.notices.say(selectionInWords(this.sheet, ids));
    });
    const hint = emptyHint();
    this.stage.append(hint);
    this.sheet.changed.connect(() => {
      hint.hidden = this.sheet.size > 0;
      this.minimap.soon(true);
    });
  }

  /** Whether there is room for properties beside the drawing. */
  private get isRoomy(): boolean {
    return this.node.clientWidth >= ROOMY;
  }

  private open(id: string): void {
    const node = this.sheet.node(id);
    if (node?.data.kind === 'task') {
      const roomy = this.isRoomy;
      if (!this.opener?.(id) || roomy) {
        this.showProperties(true);
      }
    } else if (node && node.data.kind !== 'plain') {
      void this.performing.perform(node.data.kind === 'group' ? 'collapse' : 'rename');
    }
  }

  private escape(finder: Finder): void {
    this.notices.hide();
    if (finder.isOpen) {
      finder.close();
    } else {
      this.sheet.select([]);
    }
  }

  private showProperties(on: boolean): void {
    const whole = this.drawn && isWhole(this.sheet);
    this.properties.toggle(on);
    this.toolbar.pressed('properties', on);
    this.cy.resize();
    if (whole) {
      fit(this.sheet); // what was in view stays in view
    }
  }

  private onFrame(_host: CanvasHost, frame: Frame): void {
    this.live.take(frame);
  }

  private onChanged(): void {
    const { host } = this;
    const name = host.title || 'untitled';
    this.stage.setAttribute('aria-label', `Canvas of the workflow ${name}. Tab goes from node to node, ? shows keys.`);
    this.node.classList.toggle('tg-read-only', host.readOnly);
    this.cy.autoungrabify(host.readOnly);
    if (host.frame && host.frame.run_id !== this.live.progress?.run_id) {
      this.live.take(host.frame); // what comes after it, frames tell
    } else if (!host.frame && this.live.progress) {
      this.live.clear();
    }
    this.toolbar.showRun();
  }

  private runMoved(nodes: Frame['nodes']): void {
    const run = this.live.progress;
    const before = this.node.dataset.run;
    this.node.dataset.run = run?.state ?? '';
    this.toolbar.showRun();
    this.minimap.soon(true);
    const words = run ? runInWords(run, before, nodes) : '';
    if (words) {
      this.notices.say(words);
    }
  }
}

/** What to do on a canvas with nothing on it. */
function emptyHint(): HTMLElement {
  return make(
    'div',
    { class: 'tg-empty', hidden: true },
    make('strong', {}, 'Nothing here yet'),
    'Double-click, or press ',
    make('kbd', {}, 'A'),
    ', to add a node. Components and files can be dragged here.'
  );
}

function defaultCore(container: HTMLElement, host: CanvasHost): Core {
  const many = host.elements.length > 2 * MANY;
  return cytoscape({
    container,
    minZoom: 0.03,
    maxZoom: 4,
    boxSelectionEnabled: true,
    selectionType: 'single',
    layout: { name: 'preset' },
    textureOnViewport: many,
    hideEdgesOnViewport: many
  });
}
