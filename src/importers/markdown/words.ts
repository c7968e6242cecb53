/**
 * Words that plans use, in the languages that such plans were seen in. Compared in lower case, after
 * Unicode's NFKC, so that full-width letters count as the plain ones.
 */

const CHECKPOINT = [
  'checkpoint', 'check point', 'final checkpoint',
  'チェックポイント', '最終チェックポイント', '検証ポイント',
  '检查点', '最终检查点', '檢查點', '最終檢查點',
  'контрольная точка', 'финальная контрольная точка', 'итоговая контрольная точка', 'чекпоинт',
  'punto de control', 'punto de verificación', 'punto de control final',
  'ponto de verificação', 'ponto de controle', 'ponto de controlo',
  'kontrollpunkt', 'prüfpunkt', 'point de contrôle', 'punto di controllo',
  '체크포인트', '최종 체크포인트', 'punkt kontrolny', 'kontrolní bod', 'контрольна точка', 'điểm kiểm tra',
] as const;

const DEPENDS = [
  'depends', 'depends on', 'depend on', 'dependency', 'dependencies', 'deps', 'blocked by',
  '依存', '依存先', '依存関係', '依存タスク', '前提タスク', '先行タスク',
  '依赖', '依赖于', '依赖任务', '前置', '前置任务', '前置依赖', '依賴', '依賴於', '前置任務',
  'зависит от', 'зависимость', 'зависимости', 'блокируется',
  'depende de', 'dependencia', 'dependencias', 'bloqueado por', 'bloqueada por',
  'dependência', 'dependências', 'abhängig von', 'hängt ab von', 'abhängigkeit', 'abhängigkeiten',
  'dépend de', 'dépendance', 'dépendances', 'dipende da', 'dipendenza', 'dipendenze',
  '의존', '의존성', '선행 작업', 'zależy od', 'залежить від',
] as const;

const REQUIREMENTS = [
  'requirement', 'requirements', 'req', 'reqs', 'validates', 'implements',
  '要件', '要求', '検証', '検証対象', '対象要件', '需求', '验证', '需求项', '驗證',
  'требование', 'требования', 'проверяет', 'requisito', 'requisitos', 'valida', 'requerimientos',
  'anforderung', 'anforderungen', 'prüft', 'exigence', 'exigences', 'requisiti', '요구사항', '요구 사항', '검증',
  'wymagania', 'вимоги', 'yêu cầu',
] as const;

const NOTHING = [
  '', '-', '–', '—', 'none', 'nothing', 'n/a', 'na', 'なし', '無し', '无', '無', '沒有', '没有',
  'нет', 'ninguna', 'ninguno', 'nenhuma', 'nenhum', 'keine', 'keiner', 'aucune', 'aucun', 'nessuna', '없음', 'brak', 'немає',
] as const;

const TASKS = [
  'tasks', 'task list', 'todo', 'to do', 'todos',
  'タスク', 'タスク一覧', 'タスクリスト', '作業', '作業一覧',
  '任务', '任务列表', '任务清单', '任務', '任務列表', '任務清單',
  'задачи', 'список задач', 'tareas', 'lista de tareas', 'tarefas', 'lista de tarefas',
  'aufgaben', 'aufgabenliste', 'tâches', 'liste des tâches', 'attività', '작업', '작업 목록', '태스크',
  'zadania', 'lista zadań', 'завдання', 'taken', 'görevler', 'nhiệm vụ', 'tugas',
] as const;

const CHECKPOINT_WORDS = [...CHECKPOINT].toSorted((a, b) => b.length - a.length);
const DEPENDS_WORDS: ReadonlySet<string> = new Set(DEPENDS);
const REQUIREMENT_WORDS: ReadonlySet<string> = new Set(REQUIREMENTS);
const NOTHING_WORDS: ReadonlySet<string> = new Set(NOTHING);
const TASKS_WORDS: ReadonlySet<string> = new Set(TASKS);

/** A heading over a graph of who waits for whom. */
const GRAPH_HEADING =
  /dependenc|depend[eê]nc|dépendance|依存|依赖|依賴|зависимост|залежност|abhängigkeit|dipendenz|의존|^(?:execution |task )?waves?$/;

const LONGEST = 80;

const plain = (text: string): string =>
  text.slice(0, LONGEST).normalize('NFKC').toLowerCase().replaceAll(/\s+/g, ' ').trim();

/** Whether a title begins with a word for a checkpoint, alone or before something that is not part of the word. */
export const isCheckpointTitle = (title: string): boolean => {
  const text = plain(title);
  const word = CHECKPOINT_WORDS.find((candidate) => text.startsWith(candidate));
  return word !== undefined && !/^[\p{L}\p{N}]/u.test(text.slice(word.length));
};

/** `_Depends: …_` and its like. */
export const isDependsWord = (word: string): boolean => DEPENDS_WORDS.has(plain(word));

export const isRequirementWord = (word: string): boolean => REQUIREMENT_WORDS.has(plain(word));

/** What people write where there is nothing to name. */
export const isNothing = (text: string): boolean => NOTHING_WORDS.has(plain(text));

/** A heading over the tasks: the word alone, perhaps with a number, an emoji or a colon. */
export const isTasksHeading = (title: string): boolean =>
  TASKS_WORDS.has(plain(title).replaceAll(/^[^\p{L}]+|[^\p{L}]+$/gu, ''));

export const isGraphHeading = (title: string): boolean => GRAPH_HEADING.test(plain(title));
