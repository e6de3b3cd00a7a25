import { EditorLanguageRegistry } from '@jupyterlab/codemirror';
import { copyIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

let languages: EditorLanguageRegistry | null = null;

/** Code as an editor colours it. */
export function Code({ code, language }: { code: string; language: string }): React.ReactElement {
  const box = React.useRef<HTMLPreElement>(null);
  React.useEffect(() => {
    const node = box.current as HTMLPreElement;
    const made = document.createElement('code');
    let current = true;
    node.replaceChildren(code);
    registry()
      .highlight(code, registry().findBest(language), made)
      .then(
        () => current && node.replaceChildren(made),
        () => undefined // plain text is there already
      );
    return () => {
      current = false;
    };
  }, [code, language]);
  return (
    <Copied text={code} label="Copy the code">
      <pre className="tg-Text tg-Code" tabIndex={0} aria-label="Code" ref={box} />
    </Copied>
  );
}

interface CopiedProps {
  text: string;
  label: string;
  children: React.ReactNode;
}

/** Something with a button that copies its text. */
export function Copied({ text, label, children }: CopiedProps): React.ReactElement {
  const [done, setDone] = React.useState(false);
  const copy = (): void => {
    void navigator.clipboard.writeText(text).then(() => setDone(true));
  };
  return (
    <div className="tg-Copied" onMouseLeave={() => setDone(false)}>
      {children}
      <button className="tg-bare tg-Copied-button" aria-label={label} title={done ? 'Copied' : label} onClick={copy}>
        {done ? '✓' : <copyIcon.react tag="span" />}
      </button>
    </div>
  );
}

function registry(): EditorLanguageRegistry {
  if (!languages) {
    languages = new EditorLanguageRegistry();
    for (const language of EditorLanguageRegistry.getDefaultLanguages()) {
      languages.addLanguage(language);
    }
  }
  return languages;
}
