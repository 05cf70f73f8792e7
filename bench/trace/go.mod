module inquest.test/bench/trace

go 1.22
