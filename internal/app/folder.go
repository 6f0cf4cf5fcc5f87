package app

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Folder is a data folder that belongs to this process alone. Two processes on the same SQLite files
// would start, work and spoil each other's state without a word.
type Folder struct {
	path string
	lock *os.File
}

// FolderTakenError says that another process works on the folder.
type FolderTakenError struct {
	Path string
	PID  int // 0: not known
}

// Error names the folder and the process.
func (e *FolderTakenError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("data folder %s is in use by another bellwether: stop that one, or choose another folder with --data", e.Path)
	}
	return fmt.Sprintf("data folder %s is in use by another bellwether (process %d): stop that one, or choose another folder with --data", e.Path, e.PID)
}

// OpenFolder makes the folder if it is missing and locks it. The lock ends with the process, however
// that ends. A *FolderTakenError tells of another process.
func OpenFolder(path string) (*Folder, error) {
	if err := os.MkdirAll(path, 0o750); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(path, "lock"), os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return nil, fmt.Errorf("open the lock of the data folder: %w", err)
	}
	err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		text, _ := io.ReadAll(io.LimitReader(lock, 32))
		pid, _ := strconv.Atoi(strings.TrimSpace(string(text)))
		_ = lock.Close()
		return nil, &FolderTakenError{Path: path, PID: pid}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock the data folder %s: %w", path, err), lock.Close())
	}
	if err := writePID(lock); err != nil {
		return nil, errors.Join(fmt.Errorf("note the process in the data folder: %w", err), lock.Close())
	}
	return &Folder{path: path, lock: lock}, nil
}

func writePID(lock *os.File) error {
	if err := lock.Truncate(0); err != nil {
		return err
	}
	_, err := lock.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// File is the path of a file in the folder.
func (f *Folder) File(name string) string { return filepath.Join(f.path, name) }

// Close gives the folder free.
func (f *Folder) Close() error { return f.lock.Close() }
