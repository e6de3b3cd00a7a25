import { JupyterLuminoPanelWidget } from '@jupyter-widgets/base';
import type { IEditorServices } from '@jupyterlab/codeeditor';
import cytoscape, { type Core, type EventObject } from 'cytoscape';
import { CytoscapeModel, CytoscapeView } from 'jupyter-cytoscape';

import { CanvasPanel } from '../canvas/panel';
import type { Delta, Element, Frame } from '../schema';
import { WidgetHost } from './canvashost';
import { Conversation, type Said } from './conversation';
import { named } from './embedded';

/** A workflow in the kernel. What changes comes as messages, and is kept so that later views begin with it. */
export class CanvasModel extends CytoscapeModel {
  defaults(): Backbone.ObjectHash {
    return {
      ...super.defaults(),
      ...named('CanvasModel', 'CanvasView'),
      auto_unselectify: false,
      box_selection_enabled: true,
      cytoscape_layout: { name: 'preset', fit: false },
      selected: [],
      status: {},
      read_only: false,
      catalog: [],
      faults: [],
      title: ''
    };
  }

  initialize(...given: Parameters<CytoscapeModel['initialize']>): void {
    super.initialize(...given);
    Conversation.of(this).hear(said => this.hear(said));
  }

  /** Python accepted an edit of the view with the host `from`; null if the change came from elsewhere. */
  accept(delta: Delta, from: WidgetHost | null): void {
    const elements = new Map((this.get('elements') as Element[]).map(element => [element.data.id, element]));
    delta.remove.forEach(id => elements.delete(id));
    [...delta.add, ...delta.update].forEach(element => elements.set(element.data.id, element));
    this.keep({ elements: [...elements.values()], faults: delta.faults });
    this.trigger('twingraph:delta', delta, from);
  }

  private hear(said: Said): void {
    if (said.op === 'delta' || said.op === 'edited') {
      // an edit that is nobody's here was made on another page, or answered too late
      this.accept(said.delta as Delta, null);
    } else if (said.op === 'frame') {
      const frame = said.frame as Frame;
      const before = this.get('status') as Partial<Frame>;
      const same = before.run_id === frame.run_id;
      const nodes = same ? { ...before.nodes, ...frame.nodes } : frame.nodes;
      const values = same ? { ...before.values, ...frame.values } : frame.values;
      this.keep({ status: { ...frame, nodes, values } });
      this.trigger('twingraph:frame', frame);
    }
  }

  /** Take values without telling views or Python: they have them. */
  private keep(values: Record<string, unknown>): void {
    Object.assign(this.attributes, values);
  }
}

/** `twingraph_lab.widgets.Canvas` in a notebook: ipycytoscape's view, drawn and edited as a canvas. */
export class CanvasView extends CytoscapeView {
  /** JupyterLab's code editors, if it has them. */
  static editors: IEditorServices | null = null;
  declare model: CanvasModel;
  private panel: CanvasPanel | null = null;
  private readonly sizes = new ResizeObserver(() => this.panel?.appear());

  render(): void {
    super.render();
    this.el.classList.add('tg-canvas-view');
    this.listenTo(this.model, 'change:selected', () => this.panel?.select(this.selected));
    this.listenTo(this.model, 'change:cytoscape_style', () => this.panel?.restyle(this.ownStyle));
  }

  /** In the place of ipycytoscape's: its tooltip would read data as HTML. */
  init_render(): void {
    this.panel?.dispose();
    this.is_rendered = true;
    const host = new WidgetHost(this.model, CanvasView.editors);
    const panel = new CanvasPanel(host, {
      core: container => this.core(container),
      style: this.ownStyle,
      selected: () => this.selected
    });
    this.panel = panel;
    this.cytoscape_obj = panel.cy;
    (this.luminoWidget as JupyterLuminoPanelWidget).addWidget(panel);
    panel.appear();
    panel.selectionChanged.connect((_, ids) => {
      this.model.set('selected', [...ids]);
      this.touch();
    });
    // a wheel scrolls the notebook unless the canvas is in use
    panel.cy.userZoomingEnabled(false);
    panel.node.addEventListener('focusin', () => panel.cy.userZoomingEnabled(this.wheelZooms));
    panel.node.addEventListener('focusout', () => panel.cy.userZoomingEnabled(false));
    panel.cy.on('layoutstop', event => this.layoutDone(event));
    this.sizes.observe(this.el);
    this.listenForUserEvents();
  }

  /** New elements are drawn by the panel; other traits only count when a Core is made. */
  value_changed(): void {
    if (this.is_rendered && !this.model.hasChanged('elements')) {
      this.monitored = {};
      this.init_render();
    }
  }

  /** ipycytoscape's own stops at the first event that it listens to already. */
  listenForUserEvents(): void {
    if (!this.cytoscape_obj) {
      return;
    }
    const wanted = (this.model.get('_interaction_handlers') ?? {}) as Record<string, string[]>;
    for (const [widget, events] of Object.entries(wanted)) {
      const listened: string[] = (this.monitored[widget] ??= []);
      for (const event of events.filter(name => !listened.includes(name))) {
        listened.push(event);
        this.cytoscape_obj.on(event, widget, (occurred: EventObject) => {
          this.send({ event, widget, data: occurred.target.json() });
        });
      }
    }
  }

  /** The panel is a child of the view's own widget: what detaches and disposes that, does so to the panel. */
  _createElement(): HTMLElement {
    this.luminoWidget = new JupyterLuminoPanelWidget({ view: this });
    return this.luminoWidget.node;
  }

  _setElement(element: HTMLElement): void {
    this.el = element;
  }

  remove(): void {
    this.sizes.disconnect();
    this.panel?.dispose();
    this.panel = null;
    super.remove();
  }

  private get ownStyle(): object[] {
    return this.model.get('cytoscape_style') as object[];
  }

  private get selected(): readonly string[] {
    return this.model.get('selected') as string[];
  }

  private get wheelZooms(): boolean {
    return (this.model.get('user_zooming_enabled') as boolean | undefined) ?? true;
  }

  /** A Core as the widget's traits want it. */
  private core(container: HTMLElement): Core {
    const { model } = this;
    return cytoscape({
      container,
      minZoom: model.get('min_zoom'),
      maxZoom: Math.min(model.get('max_zoom') ?? 4, 10),
      zoomingEnabled: model.get('zooming_enabled'),
      panningEnabled: model.get('panning_enabled'),
      userPanningEnabled: model.get('user_panning_enabled'),
      boxSelectionEnabled: model.get('box_selection_enabled'),
      selectionType: model.get('selection_type'),
      touchTapThreshold: model.get('touch_tap_threshold'),
      desktopTapThreshold: model.get('desktop_tap_threshold'),
      autolock: model.get('autolock'),
      autoungrabify: model.get('auto_ungrabify'),
      autounselectify: model.get('auto_unselectify'),
      hideEdgesOnViewport: model.get('hide_edges_on_viewport'),
      textureOnViewport: model.get('texture_on_viewport'),
      motionBlur: model.get('motion_blur'),
      motionBlurOpacity: model.get('motion_blur_opacity'),
      wheelSensitivity: model.get('wheel_sensitivity'),
      pixelRatio: model.get('pixel_ratio'),
      layout: { name: 'preset' }
    });
  }

  /** A layout that Python asked for is a change of the workflow like any other. */
  private layoutDone(event: EventObject): void {
    const name = (event as EventObject & { layout?: { options?: { name?: string } } }).layout?.options?.name;
    if (name && name !== 'preset') {
      void this.panel?.keepPositions();
    }
  }
}
