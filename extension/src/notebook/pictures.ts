import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Widget } from '@lumino/widgets';

type Registry = NotebookPanel['content']['rendermime'];
/** ipywidgets' renderer is a panel: what is in it once the widget was found is its view. */
type Renderer = ReturnType<Registry['createRenderer']> & { readonly widgets: readonly Widget[] };
type Output = Parameters<Renderer['renderModel']>[0];

const WIDGET = 'application/vnd.jupyter.widget-view+json';
const PLAIN = 'text/plain';
const SOON_MS = 300;

/**
 * Where a widget's kernel isn't there, show the picture that was saved with it.
 *
 * ipywidgets finds its renderers by their class among a notebook's outputs, and puts in its own factory when the kernel
 * has come: so it has to be its renderer that is asked for, whenever that is made, with a picture while it is empty.
 */
export function showPictures(registry: Registry): void {
  const create = registry.createRenderer.bind(registry);
  registry.createRenderer = type => {
    const renderer = create(type);
    if (type === WIDGET) {
      withPicture(renderer as Renderer, create, registry);
    }
    return renderer;
  };
}

function withPicture(renderer: Renderer, create: Registry['createRenderer'], registry: Registry): void {
  const renderWidget = renderer.renderModel.bind(renderer);
  const isEmpty = (): boolean => !renderer.isDisposed && renderer.widgets.length === 0;
  let picture: Widget | null = null;
  const show = async (output: Output): Promise<void> => {
    const data = { ...output.data };
    delete data[WIDGET];
    const type = registry.preferredMimeType(data, output.trusted ? 'any' : 'ensure');
    if (!type || type === PLAIN) {
      return; // ipywidgets has better words for that
    }
    picture?.dispose();
    const drawing = (picture = create(type));
    drawing.addClass('tg-SavedPicture');
    await drawing.renderModel({ data, metadata: output.metadata, trusted: output.trusted, setData: () => undefined });
    if (isEmpty() && drawing === picture) {
      renderer.node.replaceChildren(drawing.node); // until ipywidgets empties the node
    }
  };
  renderer.renderModel = async output => {
    const soon = window.setTimeout(() => void show(output), SOON_MS);
    await renderWidget(output);
    window.clearTimeout(soon);
    if (isEmpty()) {
      await show(output);
    }
  };
  renderer.disposed.connect(() => picture?.dispose());
}
