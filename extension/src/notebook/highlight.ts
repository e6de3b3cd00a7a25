import type { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { defineLanguageFacet, Language, languageDataProp, type LanguageSupport } from '@codemirror/language';
import { Compartment, EditorState, type Extension, Prec, type Text } from '@codemirror/state';
import { ViewPlugin, type ViewUpdate } from '@codemirror/view';
import { type Input, NodeSet, NodeType, Parser, parseMixed, type PartialParse, Tree } from '@lezer/common';
import { styleTags, tags } from '@lezer/highlight';

import { MAGIC } from './protocol';

const LINE = /^(?:[ \t]*\r?\n)*[ \t]*%%twingraph(?![^\s])[^\r\n]*/;
const WORD = /(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"?|'[^']*'?)+/g;
const LANG = /\s--lang(?:=|\s+)(\S+)/;
/** Cells of data, or of nothing of ours, are not searched to their end. */
const FIRST_CHARS = 2000;

const data = defineLanguageFacet();
const Kind = { Cell: 0, Magic: 1, Name: 2, Option: 3, Value: 4, Body: 5 };
const kinds = ['Cell', 'Magic', 'NodeName', 'Option', 'Value', 'Body'];
const nodes = new NodeSet(
  kinds.map((name, id) =>
    NodeType.define({ id, name, top: id === Kind.Cell, props: id ? [] : [[languageDataProp, data]] })
  )
).extend(
  styleTags({
    Magic: tags.meta,
    NodeName: tags.definition(tags.variableName),
    Option: tags.attributeName,
    Value: tags.string
  })
);

/** Which language the body of a cell is in; empty for cells that are no nodes. */
export function languageOf(text: string): string {
  const line = LINE.exec(text)?.[0];
  return line === undefined ? '' : (LANG.exec(line)?.[1]?.toLowerCase() ?? 'python');
}

/** Reads the magic's line by itself, and what is below it as another language. */
class CellParser extends Parser {
  createParse(input: Input, _fragments: unknown, ranges: readonly { from: number; to: number }[]): PartialParse {
    const end = ranges[ranges.length - 1].to;
    let stopped: number | null = null;
    return {
      parsedPos: 0,
      get stoppedAt() {
        return stopped;
      },
      stopAt: position => (stopped = position),
      advance: () => cellTree(input, Math.min(end, stopped ?? end))
    };
  }
}

function cellTree(input: Input, end: number): Tree {
  const line = LINE.exec(input.read(0, Math.min(end, FIRST_CHARS)))?.[0] ?? '';
  const buffer: number[] = [];
  const add = (kind: number, from: number, to: number): number => buffer.push(kind, from, to, 4);
  const start = line.indexOf(MAGIC);
  add(Kind.Magic, start, start + MAGIC.length);
  let flagged = false;
  for (const word of line.slice(start + MAGIC.length).matchAll(WORD)) {
    const from = start + MAGIC.length + word.index;
    const equals = word[0].startsWith('-') ? word[0].indexOf('=') : -1;
    if (word[0].startsWith('-')) {
      add(Kind.Option, from, from + (equals < 0 ? word[0].length : equals));
      if (equals > 0) {
        add(Kind.Value, from + equals + 1, from + word[0].length);
      }
      flagged = equals < 0;
    } else {
      add(flagged ? Kind.Value : Kind.Name, from, from + word[0].length);
      flagged = false;
    }
  }
  if (end > line.length + 1) {
    add(Kind.Body, line.length + 1, end);
  }
  return Tree.build({ buffer, nodeSet: nodes, topID: Kind.Cell, length: end, reused: [] });
}

/** The language of cells whose body is in this one. */
function cellLanguage(body: Language | null): Language {
  const wrap = parseMixed(node => (node.type.id === Kind.Body && body ? { parser: body.parser } : null));
  return new Language(data, new WrappedParser(new CellParser(), wrap), [], 'twingraph');
}

class WrappedParser extends Parser {
  constructor(
    private readonly _inner: Parser,
    private readonly _wrap: ReturnType<typeof parseMixed>
  ) {
    super();
  }

  createParse(...args: Parameters<Parser['createParse']>): PartialParse {
    return this._wrap(this._inner.createParse(...args), ...args);
  }
}

/** Highlights cells that are nodes: their first line, and their body in the language that it names. */
export function highlighting(languages: IEditorLanguageRegistry, text: string): Extension {
  const compartment = new Compartment();
  const loaded = new Map<string, Extension>();
  const extension = (name: string): Extension => loaded.get(name) ?? [];
  const start = (doc: Text): string => doc.sliceString(0, FIRST_CHARS);

  return [
    Prec.highest(compartment.of([])),
    EditorState.transactionExtender.of(transaction => {
      if (!transaction.docChanged) {
        return null;
      }
      const [before, after] = [languageOf(start(transaction.startState.doc)), languageOf(start(transaction.newDoc))];
      return before === after || (after && !loaded.has(after))
        ? null
        : { effects: compartment.reconfigure(Prec.highest(extension(after))) };
    }),
    ViewPlugin.define(view => {
      const load = (name: string): void => {
        if (!name || loaded.has(name)) {
          return;
        }
        void support(languages, name).then(found => {
          loaded.set(name, cellLanguage(found?.language ?? null).extension);
          if (languageOf(start(view.state.doc)) === name) {
            view.dispatch({ effects: compartment.reconfigure(Prec.highest(extension(name))) });
          }
        });
      };
      load(languageOf(text));
      return {
        update: (update: ViewUpdate) => (update.docChanged ? load(languageOf(start(update.state.doc))) : undefined)
      };
    })
  ];
}

async function support(languages: IEditorLanguageRegistry, name: string): Promise<LanguageSupport | null> {
  const found = languages.findBest(name, false) ?? languages.findByExtension(name);
  return found?.support ?? (await found?.load?.()) ?? null;
}
