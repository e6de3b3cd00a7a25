// The editor for a node's source: JupyterLab's where there is one, else a plain text box.
import { CodeEditor, type IEditorServices } from '@jupyterlab/codeeditor';

import { make } from './dom';

const PAUSE_MS = 700;

/** MIME types of CodeMirror by the languages' names. */
const MIME: Record<string, string> = {
  python: 'text/x-python',
  javascript: 'text/javascript',
  typescript: 'text/typescript',
  bash: 'text/x-sh',
  cpp: 'text/x-c++src',
  rust: 'text/x-rustsrc'
};

export class Code {
  readonly element = make('div', { class: 'tg-code' });
  private timer = 0;
  private editor: CodeEditor.IEditor | null = null;
  private readonly box: HTMLTextAreaElement | null = null;

  /** `change` gets the text when the hand rests, and when the editor is left. */
  constructor(
    private sent: string,
    language: string,
    services: IEditorServices | null,
    private readonly readOnly: boolean,
    private readonly change: (text: string) => void
  ) {
    if (services) {
      const model = new CodeEditor.Model({ mimeType: MIME[language] ?? 'text/plain' });
      model.sharedModel.setSource(sent);
      this.editor = services.factoryService.newInlineEditor({
        host: this.element,
        model,
        config: { lineNumbers: true, lineWrap: false, readOnly }
      });
      model.sharedModel.changed.connect(() => this.later());
    } else {
      this.box = make('textarea', {
        class: 'tg-code-box',
        spellcheck: 'false',
        wrap: 'off',
        rows: 12,
        readonly: readOnly
      });
      this.box.setAttribute('aria-label', 'Source');
      this.box.value = sent;
      this.box.addEventListener('input', () => this.later());
      this.element.append(this.box);
    }
    this.element.addEventListener('focusout', () => this.flush());
  }

  get text(): string {
    return this.editor?.model.sharedModel.getSource() ?? this.box?.value ?? '';
  }

  /** Show another text, unless somebody is writing. */
  update(text: string): void {
    if (this.text === this.sent && text !== this.sent) {
      this.sent = text;
      this.editor?.model.sharedModel.setSource(text);
      if (this.box) {
        this.box.value = text;
      }
    }
  }

  dispose(): void {
    this.flush();
    this.editor?.model.dispose();
    this.editor?.dispose();
    this.editor = null;
  }

  private later(): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.flush(), PAUSE_MS);
  }

  /** Send the text, if it is another than was sent. */
  flush(): void {
    window.clearTimeout(this.timer);
    if (!this.readOnly && this.text !== this.sent) {
      this.sent = this.text;
      this.change(this.sent);
    }
  }
}
