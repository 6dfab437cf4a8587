from pathlib import Path

from benchmarks import data


def test_pictures_and_a_matlab_file_are_made_read_and_measured(tmp_path: Path) -> None:
    found = data.measure(tmp_path, n_files=40, n_understood=90, px=8, mib=2)
    assert found["pictures"]["understood"]["understood"].startswith("90 colour images of 8 x 8; 10 classes")
    for opened in (*found["pictures"]["folder"].values(), *found["pictures"]["zip"].values()):
        assert opened["samples"] == 40 and opened["views"] == [[3, 8, 8]]
        assert opened["processor_s"] >= 0 and opened["peak_mib"]["VmHWM"] > 10
    matlab = found["matlab_7.3"]
    assert matlab["views"] == [[n] for n in data.COLUMNS] and matlab["samples"] == 64 and matlab["file_mib"] == 2
    assert matlab["peak_by_size"] > 1, "so small a file is less than the program"
